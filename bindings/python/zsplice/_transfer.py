# SPDX-License-Identifier: MIT OR Apache-2.0
"""copy, fanout and bridge."""

from __future__ import annotations

import math
import operator
import os
import stat
from collections.abc import Iterable
from ctypes import byref, c_int, sizeof
from typing import Union

from ._cancel import Cancel
from ._ends import Endpoint, Ends, FileDescriptorLike, Side, descriptor, in_range
from ._job import ProgressFunction, Transfer, wait_for
from ._library import TO_END, Flag, ZsOptions, library
from ._result import Mechanisms, Result, mechanisms

# A copy between files that is no longer than this ends sooner than somebody who has hit Ctrl-C looks up.
_SHORT = 16 << 20

CancelLike = Union[Cancel, FileDescriptorLike]


def copy(
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
    """Copies `count` bytes, or all until the input ends, by the best mechanism: zs_copy(3).

    `src` and `dst` are descriptors, objects with fileno(), or paths of files, which are opened here (`dst` is
    created, and emptied unless offset_dst is given). Fewer bytes than `count`: the input has ended.

    offset_src, offset_dst  where to read and write; None: at the descriptor's own position, which moves
    timeout, idle           seconds after which it ends with TimeoutError: in all, and without a byte
    rate                    most bytes per second
    cancel                  a Cancel, or a descriptor: once it is readable the copy ends with OSError(ECANCELED)
    progress                called with the Result so far after every step, in the calling thread; an exception
                            that it raises ends the copy and is raised here
    flags, avoid            Flag.*; mechanisms that are not to be used, as Via.* or by name

    An OSError has the attribute `result`: what was delivered nevertheless.
    """
    with Ends() as ends:
        options = make_options(timeout, idle, rate, cancel, progress, flags, avoid)
        length = length_of(count)
        source = ends.input(src, offset_src)
        output = ends.output(dst, offset_dst, source)
        transfer = copy_transfer(source, output, length, options, progress)
        try:
            is_short = rate is None and is_short_copy(source, output, length)
            return wait_for(transfer, source.path, output.path, is_short=is_short)[0]
        finally:
            ends.settle()


def fanout(
    src: Endpoint,
    dsts: Iterable[Endpoint],
    count: int | None = None,
    *,
    offset_src: int | None = None,
    timeout: float | None = None,
    idle: float | None = None,
    rate: int | None = None,
    cancel: CancelLike | None = None,
    progress: ProgressFunction | None = None,
    flags: int = 0,
    avoid: Mechanisms = (),
) -> list[Result]:
    """Copies one input to every output, at the pace of the slowest: zs_fanout(3). Returns a Result for each output.

    An output that fails ends it, or is left out from there on with Flag.DROP_FAILED: then its Result has an
    `error`. See copy() for the other arguments.
    """
    with Ends() as ends:
        if isinstance(dsts, (str, bytes)):
            raise TypeError("dsts has to be a list of outputs")
        options = make_options(timeout, idle, rate, cancel, progress, flags, avoid)
        length = length_of(count)
        source = ends.input(src, offset_src)
        fds = [ends.output(dst, source=source).fd for dst in dsts]
        array = (c_int * len(fds))(*fds)
        offset = byref(source.offset) if source.offset is not None else None
        transfer = Transfer(
            lambda options, results: library.zs_fanout(
                source.fd, offset, array, len(fds), length, options, results
            ),
            len(fds),
            options,
            progress,
        )
        try:
            return wait_for(transfer)
        finally:
            ends.settle()


def bridge(
    a: FileDescriptorLike | tuple[FileDescriptorLike, FileDescriptorLike],
    b: FileDescriptorLike | tuple[FileDescriptorLike, FileDescriptorLike],
    *,
    timeout: float | None = None,
    idle: float | None = None,
    half_idle: float | None = None,
    rate: int | None = None,
    cancel: CancelLike | None = None,
    progress: ProgressFunction | None = None,
    flags: int = 0,
    avoid: Mechanisms = (),
) -> tuple[Result, Result]:
    """Moves bytes both ways between two sides until both directions are over: zs_bridge(3).

    A side is a socket, or a pair of what to read from and what to write to. Returns the Results from a to b and
    from b to a. half_idle: as idle, but only once one direction is over. See copy() for the other arguments.
    """
    with Ends() as ends:
        options = make_options(timeout, idle, rate, cancel, progress, flags, avoid)
        options.half_idle_ns = _nanoseconds(half_idle, "half_idle")
        fds = [*_both(a, ends), *_both(b, ends)]
        transfer = Transfer(
            lambda options, results: library.zs_bridge(*fds, options, results), 2, options, progress
        )
        there, back = wait_for(transfer)
        return there, back


def _both(side: object, ends: Ends) -> tuple[int, int]:
    """What to read a side from, and what to write it to."""
    reader, writer = side if isinstance(side, tuple) else (side, side)
    if hasattr(writer, "flush"):
        writer.flush()
    return descriptor(reader), descriptor(writer)


def copy_transfer(
    source: Side, output: Side, length: int, options: ZsOptions, progress: ProgressFunction | None
) -> Transfer:
    """A call of zs_copy."""
    offset_in = byref(source.offset) if source.offset is not None else None
    offset_out = byref(output.offset) if output.offset is not None else None
    return Transfer(
        lambda options, results: library.zs_copy(
            source.fd, offset_in, output.fd, offset_out, length, options, results
        ),
        1,
        options,
        progress,
    )


def make_options(
    timeout: float | None,
    idle: float | None,
    rate: int | None,
    cancel: CancelLike | None,
    progress: ProgressFunction | None,
    flags: int,
    avoid: Mechanisms,
) -> ZsOptions:
    """The options of a transfer, but for the progress function, which is only looked at."""
    if progress is not None and not callable(progress):
        raise TypeError(f"progress has to be callable, not {type(progress).__name__}")
    flags = in_range(operator.index(flags), "flags", 0, 2**32 - 1)
    if flags & (Flag.CANCEL_FD | Flag.INTERRUPT):
        raise ValueError("CANCEL_FD and INTERRUPT are set by this package: give a descriptor as `cancel`")
    options = ZsOptions(size=sizeof(ZsOptions), flags=flags)
    options.avoid = in_range(mechanisms(avoid), "avoid", 0, 2**32 - 1)
    options.timeout_ns, options.idle_ns = _nanoseconds(timeout, "timeout"), _nanoseconds(idle, "idle")
    if rate is not None:
        options.rate = in_range(operator.index(rate), "rate", 1, 2**64 - 1)
    if cancel is not None:
        options.cancel_fd = descriptor(cancel)
        options.flags |= Flag.CANCEL_FD
    return options


def _nanoseconds(seconds: float | None, name: str) -> int:
    """A time limit as the library takes it, where 0 is none."""
    if seconds is None:
        return 0
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"{name} must not be negative: {seconds}")
    # No time at all: what is ready is moved.
    return max(1, int(min(seconds * 1e9, 2**63 - 1)))


def length_of(count: int | None) -> int:
    """A length as the library takes it."""
    if count is None:
        return TO_END
    count = operator.index(count)
    if count < 0:
        raise ValueError(f"count must not be negative: {count}")
    return in_range(count, "count", 0, TO_END)


def is_short_copy(source: Side, output: Side, length: int) -> bool:
    """Whether it is a copy of a few bytes between regular files, holes apart. (A file that is empty, as those in /proc
    seem to be, may hold any number.)"""
    try:
        status = os.fstat(source.fd)
        is_regular = stat.S_ISREG(status.st_mode) and stat.S_ISREG(os.fstat(output.fd).st_mode)
    except OSError:
        return True
    return is_regular and status.st_size > 0 and min(status.st_size, status.st_blocks * 512, length) <= _SHORT
