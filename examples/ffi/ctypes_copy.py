# SPDX-License-Identifier: MIT OR Apache-2.0
"""Copies a file through ctypes: python3 ctypes_copy.py INPUT OUTPUT [MOST]; more than MOST bytes are an error."""

import ctypes
import errno
import os
import sys
from ctypes import POINTER, byref, c_int, c_int32, c_int64, c_uint32, c_uint64, c_void_p


class Result(ctypes.Structure):
    _fields_ = [(name, c_uint64) for name in ("bytes", "in_flight", "copied", "holes")] + [
        ("via", c_uint32), ("side", c_uint32), ("error", c_int32), ("refused", c_uint32),
        ("refusal", c_int32), ("index", c_uint32), ("spare", c_uint32 * 2)]


Progress = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(Result))


class Options(ctypes.Structure):
    _fields_ = [
        ("size", c_uint32), ("flags", c_uint32), ("timeout_ns", c_int64), ("idle_ns", c_int64),
        ("cancel_fd", c_int32), ("avoid", c_uint32), ("progress", Progress), ("context", c_void_p),
        ("half_idle_ns", c_int64), ("rate", c_uint64)]


TO_END, INTERRUPT = 2**64 - 1, 0x2

try:
    zsplice = ctypes.CDLL("libzsplice.so.0", use_errno=True)
except OSError as error:
    sys.exit(f"{error}\nInstall zsplice (sudo make install), or name its folder in LD_LIBRARY_PATH.")
zsplice.zs_copy.argtypes = [c_int, c_void_p, c_int, c_void_p, c_uint64, POINTER(Options), POINTER(Result)]
zsplice.zs_copy.restype = c_int64
zsplice.zs_via_names.argtypes = [c_uint32, ctypes.c_char_p, ctypes.c_size_t]
zsplice.zs_via_names.restype = ctypes.c_size_t


def copy(source, target, progress):
    """Copies all of source. An exception of progress ends the copy and arrives here, and so does Ctrl-C."""
    raised, result, copied = [], Result(), 0

    @Progress
    def guarded(_context, so_far):
        try:
            progress(copied + so_far.contents.bytes)
        except BaseException as exception:  # KeyboardInterrupt, too
            raised.append(exception)
        return len(raised)

    options = Options(size=ctypes.sizeof(Options), flags=INTERRUPT, progress=guarded)
    while True:
        n = zsplice.zs_copy(source.fileno(), None, target.fileno(), None, TO_END, byref(options), byref(result))
        copied += result.bytes
        if raised:
            raise raised[0]
        if n != -1:
            return copied, result
        if result.error != errno.EINTR:  # Python has run its handlers: the copy goes on.
            raise OSError(result.error, os.strerror(result.error))


def show(so_far):
    print(f"{so_far} bytes so far", file=sys.stderr)
    if len(sys.argv) > 3 and so_far > int(sys.argv[3]):
        raise ValueError(f"more than {sys.argv[3]} bytes")


try:
    with open(sys.argv[1], "rb", buffering=0) as source, open(sys.argv[2], "wb", buffering=0) as target:
        ctypes.set_errno(77)
        copied, result = copy(source, target, show)
        print("errno is", "unchanged" if ctypes.get_errno() == 77 else "changed")
        names = ctypes.create_string_buffer(100)
        zsplice.zs_via_names(result.via, names, len(names))
        print(f"{copied} bytes by {names.value.decode()}")
except KeyboardInterrupt:
    print("interrupted", file=sys.stderr)
    sys.exit(130)
except (OSError, ValueError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
