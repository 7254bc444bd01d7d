# SPDX-License-Identifier: MIT OR Apache-2.0
"""Transfers that a task of asyncio waits for."""

from __future__ import annotations

import os
import select
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Callable

from ._duplex import Duplex, Pool
from ._ends import Endpoint, Ends, FileDescriptorLike, descriptor, is_of_transport
from ._job import Job, ProgressFunction, Transfer
from ._library import EVENTS_ALL, WANT_RUN, Flag
from ._result import Mechanisms, Result
from ._transfer import CancelLike, copy_transfer, length_of, make_options

if TYPE_CHECKING:
    import asyncio


async def acopy(
    src: Endpoint,
    dst: Endpoint,
    count: int | None = None,
    *,
    offset_src: int | None = None,
    offset_dst: int | None = None,
    timeout: float | None = None,
    idle: float | None = None,
    rate: int | None = None,
    cancel: CancelLike | None = None,
    progress: ProgressFunction | None = None,
    flags: int = 0,
    avoid: Mechanisms = (),
) -> Result:
    """As copy(), in a thread of its own, while the event loop goes on.

    Cancelling the task ends the copy at once; when the exception arrives, the descriptors are no longer in use.
    `progress` is called in the loop's thread.
    """
    with Ends() as ends:
        options = make_options(timeout, idle, rate, cancel, progress, flags, avoid)
        length = length_of(count)
        source = ends.input(src, offset_src)
        output = ends.output(dst, offset_dst, source)
        transfer = copy_transfer(source, output, length, options, progress)
        try:
            return (await _wait_for(transfer, source.path, output.path))[0]
        finally:
            ends.settle()


async def _wait_for(transfer: Transfer, *paths: Any) -> list[Result]:
    import asyncio

    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    with ExitStack() as resources:
        job = Job(transfer, lambda: loop.call_soon_threadsafe(woken.set), resources)
        if not job.start():
            raise RuntimeError("no thread can be started")
        try:
            while not job.is_over:
                try:
                    await woken.wait()
                    woken.clear()
                    job.attend()
                except GeneratorExit:
                    # Nobody awaits it any more.
                    raise
                except BaseException as error:
                    job.end(error)
        finally:
            job.see_out()
        return job.conclude(*paths)


async def abridge(
    a: FileDescriptorLike,
    b: FileDescriptorLike,
    *,
    feed_a: bytes = b"",
    feed_b: bytes = b"",
    pool: Pool | None = None,
    flags: int = Flag.NOSIGPIPE,
) -> tuple[Result, Result]:
    """Moves bytes both ways between two sockets that do not block, until both directions are over, in the event
    loop and without a thread: a proxy (zs_duplex(3)). Returns the Results from a to b and from b to a.

    feed_a, feed_b: bytes that were read from a or b before, to be delivered first. A socket of a transport
    (get_extra_info("socket")) is welcome if the transport is paused and has nothing left to write.
    """
    import asyncio

    with Duplex(a, b, pool=pool, flags=flags) as duplex, ExitStack() as resources:
        for side, data in enumerate((feed_a, feed_b)):
            if data:
                duplex.feed(side, data)
        driver = _Driver(asyncio.get_running_loop(), duplex, [_watchable(one, resources) for one in (a, b)])
        resources.callback(driver.stop)
        driver.run(EVENTS_ALL, EVENTS_ALL)
        await driver.over
        return duplex.results


def _watchable(what: FileDescriptorLike, resources: ExitStack) -> int:
    """A descriptor that the loop watches for us: not for one that belongs to a transport."""
    fd = descriptor(what)
    if is_of_transport(what):
        fd = os.dup(fd)
        resources.callback(os.close, fd)
    return fd


class _Driver:
    """Runs a duplex when the loop says that there is something to do."""

    def __init__(self, loop: asyncio.AbstractEventLoop, duplex: Duplex, fds: list[int]) -> None:
        self.over: asyncio.Future[None] = loop.create_future()
        self._loop, self._duplex, self._fds = loop, duplex, fds
        self._watched = [0, 0]
        self._again: asyncio.Handle | None = None

    def run(self, events_a: int, events_b: int) -> None:
        if self.over.done():
            return
        try:
            outcome = self._duplex.run(events_a, events_b)
        except BaseException as error:
            self.stop()
            self.over.set_exception(error)
            return
        if outcome == WANT_RUN:
            self._again = self._loop.call_soon(self.run, 0, 0)
        elif outcome == 0:
            self.stop()
            self.over.set_result(None)
        else:
            for side, events in enumerate(self._duplex.wants()):
                self._watch(side, events)

    def _watch(self, side: int, events: int) -> None:
        """The loop is level-triggered: it is to watch for what is wanted, and for nothing else."""
        changed = events ^ self._watched[side]
        if changed & select.POLLIN:
            self._change(self._loop.add_reader, self._loop.remove_reader, side, events & select.POLLIN)
        if changed & select.POLLOUT:
            self._change(self._loop.add_writer, self._loop.remove_writer, side, events & select.POLLOUT)
        self._watched[side] = events

    def _change(self, add: Callable[..., Any], remove: Callable[..., Any], side: int, event: int) -> None:
        if event:
            add(self._fds[side], self.run, *((event, 0) if side == 0 else (0, event)))
        else:
            remove(self._fds[side])

    def stop(self) -> None:
        """The loop forgets the descriptors."""
        if self._again is not None:
            self._again.cancel()
        for side in (0, 1):
            self._watch(side, 0)
