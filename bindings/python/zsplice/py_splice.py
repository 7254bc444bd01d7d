# SPDX-License-Identifier: MIT OR Apache-2.0
"""For programs that use the module py-splice: write `from zsplice.py_splice import splice`.

That module copies a regular file to another. It names its arguments (out, in), and its own examples give them the
other way round. Here the descriptor that is open for reading only is the input, the one that is open for writing
only is the output, and if both are open for both, the first is the output. `in` and `out` are keywords, too:
splice(**{"in": source, "out": target}).
"""

from __future__ import annotations

import errno
import fcntl
import os
from typing import Any

from ._library import Flag
from ._transfer import copy

SPLICE_F_MOVE, SPLICE_F_NONBLOCK, SPLICE_F_MORE, SPLICE_F_GIFT = 1, 2, 4, 8


def splice(
    *fds: Any, offset: int | None = None, nbytes: int | None = None, flags: int = 0, **named: Any
) -> int:
    """splice(out, in, offset, nbytes, flags): copies `nbytes` bytes, or the whole file, and returns how many.

    They are read at `offset`, or at the position of the input, which moves. 0: its end is reached.
    """
    names = ("out", "in", "offset", "nbytes", "flags")
    given: dict[str, Any] = {"offset": offset, "nbytes": nbytes, "flags": flags}
    given.update(zip(names, fds))
    unknown = [name for name in named if name not in ("in", "out")]
    if unknown or len(fds) > len(names):
        raise TypeError(f"splice() takes {', '.join(names)}, not {unknown or len(fds)}")
    given.update(named)
    if not {"in", "out"} <= given.keys():
        raise TypeError("splice() needs two descriptors")
    output, source = given["out"], given["in"]
    if not named and _is_input(output, source):
        output, source = source, output
    if given["flags"] & ~0xF:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    more = Flag.MORE if given["flags"] & SPLICE_F_MORE else 0
    return copy(source, output, given["nbytes"], offset_src=given["offset"], flags=more).bytes


def _is_input(first: int, second: int) -> bool:
    """Whether the first of two descriptors is the one to read from."""
    modes = [fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE for fd in (first, second)]
    return modes[0] == os.O_RDONLY or modes[1] == os.O_WRONLY
