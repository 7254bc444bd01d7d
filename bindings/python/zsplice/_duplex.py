# SPDX-License-Identifier: MIT OR Apache-2.0
"""Both directions between two descriptors, in an event loop of the caller's."""

from __future__ import annotations

import operator
from ctypes import byref, c_uint
from threading import Lock
from typing import Any

from ._closing import Closing
from ._ends import FileDescriptorLike, descriptor, in_range
from ._job import with_results
from ._library import EVENTS_ALL, Flag, ZsResult, last_error, library
from ._result import Result

# poll(2)'s bits, which are epoll(7)'s.
_EVENTS = 2**32 - 1


class _Handle(Closing):
    """A handle of the library, which one thread may use at a time."""

    def __init__(self, lock: Lock | None = None) -> None:
        self._handle: int | None = None
        self._lock = lock or Lock()

    def _use(self) -> Any:
        """Takes the lock. Waiting for it could take for ever: a signal handler may be what asks."""
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(f"this {type(self).__name__} is in use in another thread")
        if self._handle is None:
            self._lock.release()
            raise ValueError(f"this {type(self).__name__} is closed")
        return self._handle


class Pool(_Handle):
    """Pipes that duplexes share: a duplex borrows one while bytes are in flight. A pool and all its duplexes belong
    to one thread at a time.

    `pipes`: how many idle ones it keeps. `pipe_size`: their capacity, 0 for the best. `limit`: how many are out at
    once, 0 for any number; beyond that duplexes copy through a buffer.
    """

    def __init__(self, pipes: int, pipe_size: int = 0, *, limit: int = 0) -> None:
        super().__init__()
        self._users, self._is_closed = 0, False
        numbers = [in_range(operator.index(number), "size", 0, 2**31 - 1) for number in (pipes, pipe_size, limit)]
        self._handle = library.zs_pool_new(*numbers[:2])
        if not self._handle:
            raise last_error()
        library.zs_pool_limit(self._handle, numbers[2])

    def _take(self) -> Any:
        handle = self._use()
        self._users += 1
        self._lock.release()
        return handle

    def _give_back(self) -> None:
        """For a duplex that is freed, with the lock held."""
        self._users -= 1
        self._free_if_unused()

    def _free_if_unused(self) -> None:
        if self._is_closed and self._users == 0:
            handle, self._handle = self._handle, None
            library.zs_pool_free(handle)

    def close(self) -> None:
        """Frees the pipes once the last duplex that uses them is closed."""
        if self._handle is not None and self._lock.acquire(blocking=False):
            self._is_closed = True
            self._free_if_unused()
            self._lock.release()

    __del__ = close


class Duplex(_Handle):
    """Both directions between two descriptors that do not block (zs_duplex(3)): a proxy.

    run() moves what can be moved and tells what to do next. It is for any event loop; in asyncio abridge() does
    all of this.
    """

    def __init__(
        self, a: FileDescriptorLike, b: FileDescriptorLike, *, pool: Pool | None = None, flags: int = Flag.NOSIGPIPE
    ) -> None:
        super().__init__(pool._lock if pool is not None else None)
        # They have to stay open.
        self._sides, self._pool = (a, b), None
        flags = in_range(operator.index(flags), "flags", 0, 2**32 - 1)
        fds = descriptor(a), descriptor(b)
        taken = pool._take() if pool is not None else None
        self._pool = pool
        handle = library.zs_duplex_new(*fds, taken, flags)
        if not handle:
            error = last_error()
            self._leave_pool()
            raise error
        self._handle = handle

    def run(self, events_a: int = EVENTS_ALL, events_b: int = EVENTS_ALL, budget: int = 0) -> int:
        """Moves what can be moved, at most `budget` bytes each way (0: 1 MiB).

        The events are those that poll(2) or epoll(7) have reported of each side since the last run; EVENTS_ALL if
        that is not known. Returns 1: wait for what wants() says; WANT_RUN: run it again; 0: both directions are
        over. If one has failed, the error is raised once both are over, with their `results`.
        """
        handle = self._use()
        try:
            outcome: int = library.zs_duplex_run(handle, events_a & _EVENTS, events_b & _EVENTS, budget)
            if outcome == -1:
                raise with_results(last_error(), self._results(handle))
            return outcome
        finally:
            self._lock.release()

    def wants(self) -> tuple[int, int]:
        """What to wait for of each side after a run that returned 1: select.POLLIN, POLLOUT, both or 0."""
        handle = self._use()
        try:
            a, b = c_uint(), c_uint()
            library.zs_duplex_wants(handle, byref(a), byref(b))
            return a.value, b.value
        finally:
            self._lock.release()

    def feed(self, side: int, data: bytes) -> None:
        """Queues bytes that were read from side 0 (a) or 1 (b) before. Run it then: no event follows."""
        view = bytes(memoryview(data))
        handle = self._use()
        try:
            if library.zs_duplex_feed(handle, in_range(operator.index(side), "side", 0, 1), view, len(view)) == -1:
                raise last_error()
        finally:
            self._lock.release()

    @property
    def results(self) -> tuple[Result, Result]:
        """The Results so far from a to b, and from b to a."""
        handle = self._use()
        try:
            there, back = self._results(handle)
            return there, back
        finally:
            self._lock.release()

    @staticmethod
    def _results(handle: Any) -> list[Result]:
        raw = (ZsResult * 2)()
        library.zs_duplex_result(handle, raw)
        return [Result.of(one) for one in raw]

    def close(self) -> None:
        """Frees it. The two descriptors stay open; bytes in flight are lost."""
        if self._handle is None or not self._lock.acquire(blocking=False):
            return
        handle, self._handle = self._handle, None
        if handle is not None:
            library.zs_duplex_free(handle)
            if self._pool is not None:
                self._pool._give_back()
        self._lock.release()

    def _leave_pool(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None and pool._lock.acquire(blocking=False):
            pool._give_back()
            pool._lock.release()

    __del__ = close
