# SPDX-License-Identifier: MIT OR Apache-2.0
"""shutil with holes and clones."""

from __future__ import annotations

from typing import Any

from ._ends import Ends
from ._job import wait_for
from ._library import TO_END, ZsOptions
from ._transfer import copy_transfer, is_short_copy

# What shutil.copyfile calls for two regular files, and falls back from: of Python 3.14, and of those before.
_HOOKS = ("_fastcopy_copy_file_range", "_fastcopy_sendfile")

_originals: dict[str, Any] = {}


def accelerate_shutil(enabled: bool = True) -> None:
    """Makes shutil.copyfile, copy, copy2, copytree and move copy by this package, or, with False, as before.

    Only how the bytes come from one file to the other changes: by a clone, or without the holes. Everything else,
    such as symbolic links, modes and exceptions, is still shutil's.
    """
    import shutil

    hooks = [name for name in _HOOKS if hasattr(shutil, name)]
    if not hooks:
        raise NotImplementedError("the shutil of this Python is not known")
    for name in hooks:
        if enabled:
            _originals.setdefault(name, getattr(shutil, name))
            setattr(shutil, name, _fastcopy)
        elif name in _originals:
            setattr(shutil, name, _originals.pop(name))


def _fastcopy(fsrc: Any, fdst: Any) -> None:
    import shutil

    try:
        fds = fsrc.fileno(), fdst.fileno()
    except Exception as error:
        raise shutil._GiveupOnFastCopy(error) from error  # type: ignore[attr-defined]
    with Ends() as ends:
        source, output = ends.input(fds[0]), ends.output(fds[1])
        transfer = copy_transfer(source, output, TO_END, ZsOptions(), None)
        wait_for(transfer, fsrc.name, fdst.name, is_short=is_short_copy(source, output, TO_END))
