# SPDX-License-Identifier: MIT OR Apache-2.0
"""Calls zsplice through ctypes: bindings.py LIBRARY VERSION"""

import ctypes
import errno
import os
import sys
from ctypes import POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint, c_uint32, c_uint64


class Result(ctypes.Structure):
    _fields_ = [
        ("bytes", c_uint64),
        ("in_flight", c_uint64),
        ("copied", c_uint64),
        ("holes", c_uint64),
        ("via", c_uint32),
        ("side", c_uint32),
        ("error", c_int32),
        ("refused", c_uint32),
        ("refusal", c_int32),
        ("index", c_uint32),
        ("spare", c_uint32 * 2),
    ]


def load(path):
    library = ctypes.CDLL(path, use_errno=True)
    library.zs_version.restype = c_uint
    library.zs_via_name.argtypes = [c_uint32]
    library.zs_via_name.restype = c_char_p
    library.zs_via_names.argtypes = [c_uint32, c_char_p, c_size_t]
    library.zs_via_names.restype = c_size_t
    offset = POINTER(c_int64)
    library.zs_splice_full.argtypes = [c_int, offset, c_int, offset, c_uint64, c_uint, POINTER(Result)]
    library.zs_splice_full.restype = c_int64
    return library


def tells_its_version(library, version):
    major, minor, patch = map(int, version.split("."))
    assert library.zs_version() == major << 16 | minor << 8 | patch


def names_mechanisms(library):
    assert library.zs_via_name(0x08) == b"splice"
    assert library.zs_via_name(0x09) is None
    text = ctypes.create_string_buffer(8)
    assert (library.zs_via_names(0x09, text, 8), text.value) == (13, b"clone, ")


def moves_bytes_and_keeps_errno(library):
    (from_in, into_in), (from_out, into_out) = os.pipe(), os.pipe()
    os.write(into_in, b"moved")
    os.close(into_in)
    result = Result()
    ctypes.set_errno(errno.EXDEV)
    moved = library.zs_splice_full(from_in, None, into_out, None, 100, 0, result)
    assert (moved, ctypes.get_errno()) == (5, errno.EXDEV)
    assert (result.bytes, result.error, result.via) == (5, 0, 0x08)
    assert os.read(from_out, 100) == b"moved"


def fails_with_errno(library):
    result = Result()
    ctypes.set_errno(0)
    moved = library.zs_splice_full(-1, None, -1, None, 100, 0, result)
    assert (moved, ctypes.get_errno(), result.error) == (-1, errno.EBADF, errno.EBADF)


library = load(sys.argv[1])
tells_its_version(library, sys.argv[2])
names_mechanisms(library)
moves_bytes_and_keeps_errno(library)
fails_with_errno(library)
