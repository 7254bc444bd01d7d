# SPDX-License-Identifier: MIT OR Apache-2.0
"""Moves bytes between descriptors inside the Linux kernel.

    zsplice.copy("disk.img", "backup.img")

copy() goes from anything to anything, fanout() from one to many, bridge() both ways; they wait, and Ctrl-C
ends them. acopy() and abridge() are for asyncio, Duplex for any other event loop. splice(), copy_file_range()
and sendfile() have the signatures of the functions in os. accelerate_shutil() makes shutil use all this.

It needs the shared library libzsplice.so.0 and nothing else. See zsplice(7) for what holds for every transfer.
"""

from ._aio import abridge, acopy
from ._calls import copy_file_range, sendfile, splice
from ._cancel import Cancel
from ._duplex import Duplex, Pool
from ._library import EVENTS_ALL, WANT_RUN, Flag, Via, library_version
from ._result import Result
from ._shutil import accelerate_shutil
from ._transfer import bridge, copy, fanout
from ._version import __version__

__all__ = [
    "EVENTS_ALL",
    "WANT_RUN",
    "Cancel",
    "Duplex",
    "Flag",
    "Pool",
    "Result",
    "Via",
    "__version__",
    "abridge",
    "accelerate_shutil",
    "acopy",
    "bridge",
    "copy",
    "copy_file_range",
    "fanout",
    "library_version",
    "sendfile",
    "splice",
]
