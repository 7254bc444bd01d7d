# SPDX-License-Identifier: MIT OR Apache-2.0
"""The outcome of a transfer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

from ._library import Via, ZsResult, library

# One bit each, and what the library calls it.
_NAMES: dict[int, str] = {via.value: library.zs_via_name(via.value).decode() for via in Via}
_SIDES = ("", "in", "out", "call")

Mechanisms = Union[int, str, Iterable[str]]


@dataclass(frozen=True)
class Result:
    """The outcome of a transfer, or of one direction or one output of it."""

    bytes: int
    """Bytes delivered to the output, holes included."""
    in_flight: int
    """Bytes taken from the input but not delivered; they cannot be read again."""
    copied: int
    """The part of `bytes` that passed through user memory."""
    holes: int
    """The part of `bytes` that was left as holes."""
    via: tuple[str, ...]
    """The mechanisms that delivered bytes: "clone", "copy_file_range", "sendfile", "splice", "tee", "read/write"."""
    side: str
    """Where the error occurred: "in", "out", "call" (arguments, limits, resources), or "" if that is not known."""
    error: int
    """The errno of the failure, or 0."""
    refused: tuple[str, ...]
    """The mechanisms that were tried and refused."""
    refusal: int
    """The errno of the first of these refusals, or 0."""
    index: int
    """bridge: 0 from a to b, 1 from b to a. fanout: which output. Otherwise 0."""

    @classmethod
    def of(cls, raw: ZsResult) -> Result:
        """From the library's structure."""
        side = _SIDES[raw.side] if raw.side < len(_SIDES) else ""
        via, refused = names(raw.via), names(raw.refused)
        account = raw.bytes, raw.in_flight, raw.copied, raw.holes
        return cls(*account, via, side, raw.error, refused, raw.refusal, raw.index)


def names(via: int) -> tuple[str, ...]:
    """The names of a set of mechanisms. A bit that is newer than this package is a number."""
    bits = (1 << at for at in range(via.bit_length()) if via >> at & 1)
    return tuple(_NAMES.get(bit, hex(bit)) for bit in bits)


def mechanisms(avoid: Mechanisms) -> int:
    """The set of mechanisms that a caller names: Via, a name, or several names."""
    if isinstance(avoid, int):
        return int(avoid)
    bits = {name: bit for bit, name in _NAMES.items()}
    wanted = [avoid] if isinstance(avoid, str) else list(avoid)
    for name in wanted:
        if name not in bits:
            raise ValueError(f"no mechanism is called {name!r}; there are {', '.join(bits)}")
    return sum(bits[name] for name in set(wanted))
