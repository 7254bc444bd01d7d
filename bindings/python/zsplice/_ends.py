# SPDX-License-Identifier: MIT OR Apache-2.0
"""What may be given as an input or an output, and what has to be done so that file objects stay right."""

from __future__ import annotations

import errno
import io
import operator
import os
import stat
import sys
from contextlib import ExitStack
from ctypes import c_int64
from typing import Any, Protocol, Union


class HasFileno(Protocol):
    """A file, a socket, a transport's socket, ..."""

    def fileno(self) -> int: ...


FileDescriptorLike = Union[int, HasFileno]
Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
Endpoint = Union[FileDescriptorLike, Path]

# Buffers in front of a descriptor. Others of the kind (gzip, bz2, lzma) change the bytes.
_BUFFERS = (io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.BufferedRWPair)


def descriptor(what: FileDescriptorLike) -> int:
    """The descriptor that is meant."""
    if hasattr(what, "get_extra_info"):
        what = _socket_of(what)
    if hasattr(what, "fileno"):
        fd = what.fileno()
        _refuse_what_changes_bytes(what)
        what = fd
    return in_range(operator.index(what), "descriptor", -(2**31), 2**31 - 1)


def _socket_of(transport: Any) -> HasFileno:
    """The socket of a transport or a StreamWriter of asyncio."""
    socket: HasFileno | None = transport.get_extra_info("socket")
    if socket is None or transport.get_extra_info("ssl_object") is not None:
        raise TypeError(f"{type(transport).__name__} has no socket, or encrypts what goes through it")
    return socket


def is_of_transport(what: object) -> bool:
    """Whether a descriptor is watched by a transport of asyncio."""
    return hasattr(what, "get_extra_info") or type(what).__name__ == "TransportSocket"


def _refuse_what_changes_bytes(what: object) -> None:
    """The bytes of the descriptor below are not those of the object."""
    is_encoded = isinstance(what, io.BufferedIOBase) and not isinstance(what, _BUFFERS)
    if is_encoded and not _is(what, "tempfile", "SpooledTemporaryFile") or _is(what, "ssl", "SSLSocket"):
        raise TypeError(f"{type(what).__name__} changes the bytes on their way; they cannot be moved in the kernel")


def _is(what: object, module: str, name: str) -> bool:
    """Whether it is an instance of a class of a module that need not be imported for that."""
    return module in sys.modules and isinstance(what, getattr(sys.modules[module], name))


def in_range(number: int, name: str, least: int, most: int) -> int:
    """ctypes would cut off what is too large."""
    if not least <= number <= most:
        raise OverflowError(f"{name} is out of range: {number}")
    return number


def offset_of(number: int | None, name: str) -> c_int64 | None:
    """An offset as the library takes it."""
    if number is None:
        return None
    return c_int64(in_range(operator.index(number), name, -(2**63), 2**63 - 1))


class Side:
    """One end of a transfer: a descriptor, an offset in it, and the name of a file that was opened for it."""

    def __init__(self, fd: int, offset: c_int64 | None, path: Path | None = None) -> None:
        self.fd, self.offset, self.path = fd, offset, path


class Ends(ExitStack):
    """The ends of a transfer. At exit what was opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._sources: list[tuple[Any, Side, int]] = []
        self._outputs: list[Any] = []

    def input(self, what: Endpoint, offset: int | None = None) -> Side:
        """A descriptor, object or path to read from."""
        at = offset_of(offset, "offset_src")
        if isinstance(what, (str, bytes, os.PathLike)):
            # The library waits for the first writer of a FIFO, and can be interrupted.
            return Side(self._open(what, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), at, what)
        fd, file = descriptor(what), _buffered(what)
        side = Side(fd, at)
        if file is not None and at is None and file.seekable():
            # It has read ahead: its own position counts, not that of the descriptor.
            start = file.tell()
            side.offset = c_int64(start)
            self._sources.append((file, side, start))
        return side

    def output(self, what: Endpoint, offset: int | None = None, source: Side | None = None) -> Side:
        """A descriptor, object or path to write to. A file that is opened begins anew, unless an offset is given."""
        at = offset_of(offset, "offset_dst")
        if isinstance(what, (str, bytes, os.PathLike)):
            # A bad input leaves no trace.
            status = os.fstat(source.fd) if source is not None else None
            fd = self._open(what, os.O_WRONLY | os.O_CREAT | os.O_NOCTTY)
            if at is None:
                _truncate(fd, what, status)
            return Side(fd, at, what)
        fd, file = descriptor(what), _buffered(what)
        if file is not None:
            file.flush()
            if at is None and file.seekable():
                self._outputs.append(file)
        return Side(fd, at)

    def settle(self) -> None:
        """After the transfer: moves the positions of file objects to where it has ended."""
        for file, side, start in self._sources:
            assert side.offset is not None
            if side.offset.value != start:
                file.seek(side.offset.value)
        for file in self._outputs:
            file.seek(0, os.SEEK_CUR)

    def _open(self, path: Path, flags: int) -> int:
        fd = os.open(path, flags, 0o666)
        self.callback(os.close, fd)
        return fd


def _buffered(what: object) -> Any:
    """The buffer of a file object, flushed; None: there is none."""
    if isinstance(what, io.TextIOBase):
        what.flush()
        what = what.buffer  # type: ignore[attr-defined]
    # What tempfile returns is no io.IOBase, but behaves as one.
    is_file = all(hasattr(what, name) for name in ("flush", "tell", "seek", "seekable"))
    if not is_file or isinstance(what, io.RawIOBase):
        return None
    if hasattr(what, "writable") and what.writable():
        what.flush()  # type: ignore[attr-defined]
    return what


def _truncate(fd: int, path: Path, source: os.stat_result | None) -> None:
    """Empties a file, unless it is the input."""
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        return
    if source is not None and os.path.samestat(status, source):
        raise OSError(errno.EINVAL, "The output is the same file as the input", os.fsdecode(path))
    os.ftruncate(fd, 0)
