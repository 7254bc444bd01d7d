# SPDX-License-Identifier: MIT OR Apache-2.0
"""A descriptor that ends transfers."""

from __future__ import annotations

import ctypes
import os
import sys

from ._closing import Closing
from ._library import last_error

_ONE = (1).to_bytes(8, sys.byteorder)


def eventfd() -> int:
    """eventfd(2), which does not block."""
    # os.eventfd exists since Python 3.10.
    if hasattr(os, "eventfd"):
        return os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    fd: int = ctypes.CDLL(None, use_errno=True).eventfd(0, os.O_CLOEXEC | os.O_NONBLOCK)
    if fd == -1:
        raise last_error()
    return fd


def signal_eventfd(fd: int) -> None:
    """Makes it readable, for good."""
    os.write(fd, _ONE)


class Cancel(Closing):
    """Ends every transfer that is given it as `cancel`, from whichever thread or signal handler sets it.

    The transfer ends with OSError(ECANCELED). Once set it stays set.
    """

    _fd = -1

    def __init__(self) -> None:
        self._fd = eventfd()

    def set(self) -> None:
        """Ends the transfers that run, and those that are still to come."""
        signal_eventfd(self.fileno())

    def fileno(self) -> int:
        """The descriptor, an eventfd(2)."""
        if self._fd == -1:
            raise ValueError("this Cancel is closed")
        return self._fd

    def close(self) -> None:
        """Closes the descriptor. No transfer may use it any more."""
        fd, self._fd = self._fd, -1
        if fd != -1:
            os.close(fd)

    __del__ = close
