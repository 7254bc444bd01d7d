# SPDX-License-Identifier: MIT OR Apache-2.0
"""libzsplice.so.0 as ctypes sees it: constants, structures and functions of zsplice.h.

A test compares all of these with the header.
"""

from __future__ import annotations

import ctypes
import enum
import os
import sys
from ctypes import POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_ssize_t
from ctypes import c_uint, c_uint32, c_uint64, c_void_p
from typing import Any

NAME = "libzsplice.so.0"

TO_END = 2**64 - 1
EVENTS_ALL = 2**32 - 1
WANT_RUN = 4

SIDE_IN, SIDE_OUT, SIDE_CALL = 1, 2, 3


class Flag(enum.IntFlag):
    """How a transfer is to be done: ZS_* of zsplice.h."""

    INTERRUPT = 0x2
    NOSIGPIPE = 0x4
    MORE = 0x8
    STABLE = 0x10
    CLONE = 0x40
    NO_CLONE = 0x80
    FILL_HOLES = 0x100
    CANCEL_FD = 0x200
    DROP_FAILED = 0x400
    GROW_PIPE = 0x800
    EITHER_END = 0x1000


class Via(enum.IntFlag):
    """Mechanisms: ZS_VIA_* of zsplice.h."""

    CLONE = 0x1
    COPY_RANGE = 0x2
    SENDFILE = 0x4
    SPLICE = 0x8
    TEE = 0x10
    READ_WRITE = 0x20


class ZsResult(ctypes.Structure):
    """struct zs_result"""

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


Progress = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(ZsResult))


class ZsOptions(ctypes.Structure):
    """struct zs_options"""

    _fields_ = [
        ("size", c_uint32),
        ("flags", c_uint32),
        ("timeout_ns", c_int64),
        ("idle_ns", c_int64),
        ("cancel_fd", c_int32),
        ("avoid", c_uint32),
        ("progress", Progress),
        ("context", c_void_p),
        ("half_idle_ns", c_int64),
        ("rate", c_uint64),
    ]


_OFFSET, _OPTIONS, _RESULT, _EVENTS = POINTER(c_int64), POINTER(ZsOptions), POINTER(ZsResult), POINTER(c_uint)

# The functions that the package uses: what each returns, and what it takes.
PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "zs_copy": (c_int64, [c_int, _OFFSET, c_int, _OFFSET, c_uint64, _OPTIONS, _RESULT]),
    "zs_fanout": (c_int64, [c_int, _OFFSET, POINTER(c_int), c_size_t, c_uint64, _OPTIONS, _RESULT]),
    "zs_bridge": (c_int, [c_int, c_int, c_int, c_int, _OPTIONS, _RESULT]),
    "zs_duplex_new": (c_void_p, [c_int, c_int, c_void_p, c_uint]),
    "zs_duplex_run": (c_int, [c_void_p, c_uint, c_uint, c_uint64]),
    "zs_duplex_wants": (None, [c_void_p, _EVENTS, _EVENTS]),
    "zs_duplex_feed": (c_int, [c_void_p, c_int, c_void_p, c_size_t]),
    "zs_duplex_result": (None, [c_void_p, _RESULT]),
    "zs_duplex_free": (None, [c_void_p]),
    "zs_pool_new": (c_void_p, [c_size_t, c_size_t]),
    "zs_pool_limit": (None, [c_void_p, c_size_t]),
    "zs_pool_free": (None, [c_void_p]),
    "zs_splice": (c_ssize_t, [c_int, _OFFSET, c_int, _OFFSET, c_size_t, c_uint]),
    "zs_copy_range": (c_ssize_t, [c_int, _OFFSET, c_int, _OFFSET, c_size_t, c_uint]),
    "zs_sendfile": (c_ssize_t, [c_int, c_int, _OFFSET, c_size_t]),
    "zs_version": (c_uint, []),
    "zs_via_name": (c_char_p, [c_uint32]),
}


def _load() -> ctypes.CDLL:
    """Loads the library, or says what is missing."""
    named = None if sys.flags.ignore_environment else os.environ.get("ZSPLICE_LIBRARY")
    try:
        library = ctypes.CDLL(named or NAME, use_errno=True)
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise ImportError(
            f"zsplice needs the shared library {NAME}: {error}. Install it (in its source: make && sudo make "
            "install), or name its file in the environment variable ZSPLICE_LIBRARY.",
            name="zsplice",
        ) from None
    return library


library = _load()


def library_version() -> str:
    """The version of the shared library in use."""
    version: int = library.zs_version()
    return f"{version >> 16}.{version >> 8 & 0xFF}.{version & 0xFF}"


def last_error() -> OSError:
    """What the last call of this thread has failed with."""
    errno = ctypes.get_errno()
    return OSError(errno, os.strerror(errno))
