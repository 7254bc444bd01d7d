# SPDX-License-Identifier: MIT OR Apache-2.0
"""One system call each, with the signatures of the functions in os, and their errors and counts.

os.splice exists since Python 3.10; here it is everywhere.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import byref, c_int64
from errno import EINTR
from operator import index
from typing import Any

from ._ends import in_range, offset_of
from ._library import library

_LIMIT = 2**31

_zs_splice, _zs_copy_range, _zs_sendfile = library.zs_splice, library.zs_copy_range, library.zs_sendfile


def splice(
    src: int,
    dst: int,
    count: int,
    offset_src: int | None = None,
    offset_dst: int | None = None,
    flags: int = 0,
) -> int:
    """Moves up to `count` bytes between a pipe and another descriptor: os.splice(), splice(2)."""
    return _between(_zs_splice, src, dst, count, offset_src, offset_dst, flags)


def copy_file_range(
    src: int,
    dst: int,
    count: int,
    offset_src: int | None = None,
    offset_dst: int | None = None,
) -> int:
    """Copies up to `count` bytes between two files: os.copy_file_range(), copy_file_range(2)."""
    return _between(_zs_copy_range, src, dst, count, offset_src, offset_dst, 0)


def sendfile(out_fd: int, in_fd: int, offset: int | None, count: int) -> int:
    """Copies up to `count` bytes from a file to any descriptor: os.sendfile(), sendfile(2)."""
    out_fd, in_fd, count = _fd(out_fd), _fd(in_fd), index(count)
    if not -_LIMIT <= count < _LIMIT:
        _in_ssize(count)
    at = None if offset is None else byref(_offset(offset))
    while True:
        moved: int = _zs_sendfile(out_fd, in_fd, at, count)
        if moved != -1:
            return moved
        _raise_unless_interrupted()


def _between(
    call: Any, src: int, dst: int, count: int, offset_src: int | None, offset_dst: int | None, flags: int
) -> int:
    src, dst, count = _fd(src), _fd(dst), _count(count)
    if flags:
        in_range(index(flags), "flags", 0, 2**32 - 1)
    at_src = None if offset_src is None else byref(_offset(offset_src))
    at_dst = None if offset_dst is None else byref(_offset(offset_dst))
    while True:
        moved: int = call(src, at_src, dst, at_dst, count, flags)
        if moved != -1:
            return moved
        _raise_unless_interrupted()


def _raise_unless_interrupted() -> None:
    """After a signal the handler has run by now, and has not raised: the call is made again (PEP 475)."""
    errno = ctypes.get_errno()
    if errno != EINTR:
        raise OSError(errno, os.strerror(errno))


def _fd(fd: int) -> int:
    fd = index(fd)
    return fd if -1 <= fd < _LIMIT else in_range(fd, "descriptor", -_LIMIT, _LIMIT - 1)


def _count(count: int) -> int:
    count = index(count)
    if count < 0:
        raise ValueError("negative value for 'count' not allowed")
    return count if count < _LIMIT else _in_ssize(count)


def _in_ssize(count: int) -> int:
    most = ctypes.c_size_t(-1).value >> 1
    return in_range(count, "count", -most - 1, most)


def _offset(offset: int) -> c_int64:
    at = offset_of(offset, "offset")
    assert at is not None
    return at
