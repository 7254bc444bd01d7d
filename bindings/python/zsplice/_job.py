# SPDX-License-Identifier: MIT OR Apache-2.0
"""Transfers that are waited for.

Python runs signal handlers in the main thread only, and between bytecodes only. If the main thread were inside the
library, Ctrl-C would come too late; and a transfer that ends for a signal (ZS_INTERRUPT) may have bytes in flight,
which nobody can deliver any more. So a transfer of the main thread runs in a thread beside it, which signals do
not concern, while the main thread waits: handlers run as ever, and only one that raises ends the transfer. That is
what PEP 475 asks for. A task of asyncio waits in the same way.
"""

from __future__ import annotations

import _thread
import os
import select
import signal
import threading
import time
from contextlib import ExitStack, suppress
from ctypes import c_void_p, get_errno, pointer
from queue import Empty, SimpleQueue
from typing import Any, Callable

from ._cancel import eventfd, signal_eventfd
from ._library import Flag, Progress, ZsOptions, ZsResult
from ._result import Result

ProgressFunction = Callable[[Result], object]

# A thread has to keep the signals that its own system calls raise.
_SYNCHRONOUS = {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
_ASYNCHRONOUS = set(signal.valid_signals()) - _SYNCHRONOUS


# A signal that comes right before a wait in Python does not end that wait. After so many seconds it is noticed.
_LOOK = 0.1


class _Ended(Exception):
    """The caller wants a transfer to end."""


class Transfer:
    """A call of the library, and everything that has to live until it returns."""

    def __init__(
        self,
        call: Callable[[Any, Any], int],
        count: int,
        options: ZsOptions,
        progress: ProgressFunction | None = None,
    ) -> None:
        self._call, self.options, self.progress = call, options, progress
        self._raw = (ZsResult * count)()
        self._errno = 0
        self._raised: BaseException | None = None

    def perform(self, report: ProgressFunction | None) -> None:
        """Makes the call."""
        if report is not None:
            self.options.progress = self._callback(report)
        if self._call(pointer(self.options), self._raw) == -1:
            self._errno = get_errno()

    def _callback(self, report: ProgressFunction) -> Any:
        def call(_: c_void_p, so_far: Any) -> int:
            # Nothing may be raised into the library.
            try:
                report(Result.of(so_far.contents))
            except BaseException as error:
                self._raised = error
                return 1
            return 0

        return Progress(call)

    def conclude(self, *paths: Any) -> list[Result]:
        """Returns the outcomes, or raises what has ended the transfer, with them."""
        results = [Result.of(raw) for raw in self._raw]
        raised, self._raised = self._raised, None
        self.options.progress = Progress()
        if raised is not None:
            raise with_results(raised, results)
        if self._errno:
            error = OSError(self._errno, os.strerror(self._errno))
            # A name that is None would be printed as one.
            for name, path in zip(("filename", "filename2"), (path for path in paths if path is not None)):
                setattr(error, name, path)
            raise with_results(error, results)
        return results

    def results(self) -> list[Result]:
        """The outcomes."""
        return [Result.of(raw) for raw in self._raw]


def with_results(error: BaseException, results: list[Result]) -> BaseException:
    """Attaches the outcomes to an exception: .results all of them, .result the one that failed first."""
    failed = [result for result in results if result.error == getattr(error, "errno", None)]
    # An exception with slots has no room for them.
    with suppress(AttributeError):
        error.results = results  # type: ignore[attr-defined]
        error.result = next(iter(failed or results), None)  # type: ignore[attr-defined]
    return error


class Job:
    """A transfer in a thread of its own. The thread that waits for it is woken by `wake`, and then attends to it.

    Everything is told by what stands in the attributes. Somebody who is woken looks at all of them, so it does no
    harm if a signal handler raises between any two steps.
    """

    def __init__(self, transfer: Transfer, wake: Callable[[], object], resources: ExitStack) -> None:
        self.is_over = False
        self.failure: BaseException | None = None
        self._transfer, self._wake = transfer, wake
        self._so_far: Result | None = None
        self._answers: SimpleQueue[None] = SimpleQueue()
        # No Cancel: what a signal handler raises in its __del__ would be lost.
        self._cancel_fd = eventfd()
        resources.callback(os.close, self._cancel_fd)
        self._combine_cancel(resources)

    def _combine_cancel(self, resources: ExitStack) -> None:
        options = self._transfer.options
        fd = self._cancel_fd
        if options.flags & Flag.CANCEL_FD:
            both = resources.enter_context(select.epoll(2))
            both.register(fd, select.EPOLLIN)
            try:
                both.register(options.cancel_fd, select.EPOLLIN)
            except PermissionError:
                # A regular file, which is always readable.
                signal_eventfd(fd)
            fd = both.fileno()
        options.cancel_fd = fd
        options.flags |= Flag.CANCEL_FD

    def start(self) -> bool:
        """Starts the thread; False: the system has none left."""
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError:
            return False
        return True

    def _run(self) -> None:
        try:
            signal.pthread_sigmask(signal.SIG_BLOCK, _ASYNCHRONOUS)
            self._transfer.perform(self._report if self._transfer.progress else None)
        except BaseException as error:
            self.failure = error
        self.is_over = True
        self._tell()

    def _report(self, so_far: Result) -> None:
        self._so_far = so_far
        self._tell()
        while self._so_far is not None:
            self._answers.get()
        if self.failure is not None:
            raise _Ended

    def _tell(self) -> None:
        try:
            self._wake()
        except RuntimeError as error:
            # The event loop is closed.
            self.failure, self._so_far = error, None

    def attend(self) -> None:
        """Reports the progress, if there is some. Has to be called after each wake-up."""
        if self._so_far is None:
            return
        try:
            if self.failure is None and self._transfer.progress is not None:
                self._transfer.progress(self._so_far)
        except BaseException as error:
            self.end(error)
        finally:
            self._so_far = None
            self._answers.put(None)

    def end(self, why: BaseException) -> None:
        """Ends the transfer. It is over when `is_over` says so."""
        self.failure = self.failure or why
        signal_eventfd(self._cancel_fd)
        self._answers.put(None)

    def see_out(self) -> None:
        """Waits for the end. The thread uses descriptors and memory of the caller, so nobody leaves before it, however
        often Ctrl-C is hit."""
        while not self.is_over:
            try:
                self.end(_Ended())
                self.attend()
                time.sleep(0.001)
            except BaseException as error:
                self.end(error)

    def conclude(self, *paths: Any) -> list[Result]:
        """As that of the transfer. What ended it for the caller comes first."""
        failure, self.failure = self.failure, None
        if failure is not None:
            raise with_results(failure, self._transfer.results())
        return self._transfer.conclude(*paths)


def _is_in_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident


def wait_for(transfer: Transfer, *paths: Any, is_short: bool = False) -> list[Result]:
    """Performs a transfer in the calling thread's time. `is_short`: it cannot wait for anything, nor take long."""
    if _is_in_main_thread() and not (is_short and transfer.progress is None):
        return _wait_beside(transfer, *paths)
    transfer.perform(transfer.progress)
    return transfer.conclude(*paths)


def _wait_beside(transfer: Transfer, *paths: Any) -> list[Result]:
    # A handler that raises while descriptors are opened or closed would leave one behind. The thread inherits the mask.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        # It may change the mask and raise nevertheless.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ASYNCHRONOUS)
        with ExitStack() as resources:
            wakes: SimpleQueue[None] = SimpleQueue()
            job = Job(transfer, lambda: wakes.put(None), resources)
            if not job.start():
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                transfer.perform(transfer.progress)
                return transfer.conclude(*paths)
            try:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                _attend(job, wakes)
            except BaseException as error:
                job.end(error)
            finally:
                job.see_out()
                signal.pthread_sigmask(signal.SIG_BLOCK, _ASYNCHRONOUS)
            return job.conclude(*paths)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _attend(job: Job, wakes: SimpleQueue[None]) -> None:
    """Reports the progress until the transfer is over."""
    while not job.is_over:
        try:
            with suppress(Empty):
                wakes.get(timeout=_LOOK)
            job.attend()
        except BaseException as error:
            job.end(error)
