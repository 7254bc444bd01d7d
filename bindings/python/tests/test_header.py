# SPDX-License-Identifier: MIT OR Apache-2.0
"""The constants, structures and functions of the package are those of zsplice.h, and so is the version."""

import ctypes
import re

import pytest
from conftest import PACKAGE, PROJECT

import zsplice
from zsplice import _library, _result

HEADER = (PROJECT / "include" / "zsplice.h").read_text()
# Without comments.
CODE = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)

TYPES = {
    "int": ctypes.c_int,
    "unsigned int": ctypes.c_uint,
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "ssize_t": ctypes.c_ssize_t,
    "void": None,
    "struct zs_result": _library.ZsResult,
    "struct zs_options": _library.ZsOptions,
}


def constants(prefix):
    found = re.findall(r"^#define (ZS_\w+) +(\d\w*)", CODE, flags=re.M)
    return {name[len(prefix) :]: int(value.rstrip("u"), 0) for name, value in found if name.startswith(prefix)}


def c_type(text):
    """The type of ctypes for a declaration in C, without its name."""
    text = re.sub(r"\bconst\b", "", text).strip()
    if not text.endswith("*"):
        return TYPES[" ".join(text.split())]
    target = text[:-1].strip()
    if target == "char":
        return ctypes.c_char_p
    if target in ("void", "zs_duplex", "zs_pool"):
        return ctypes.c_void_p
    return ctypes.POINTER(c_type(target))


def test_constants_are_those_of_the_header():
    assert {via.name: via.value for via in zsplice.Via} == constants("ZS_VIA_")
    ours = constants("ZS_")
    flags = {flag.name: flag.value for flag in zsplice.Flag}
    assert flags == {name: ours[name] for name in flags}
    assert (_library.TO_END, zsplice.EVENTS_ALL, zsplice.WANT_RUN) == (
        ours["TO_END"],
        ours["EVENTS_ALL"],
        ours["WANT_RUN"],
    )
    assert [_result._SIDES[ours["SIDE_" + name]] for name in ("IN", "OUT", "CALL")] == ["in", "out", "call"]


def test_there_is_a_flag_for_each_of_the_header():
    block = CODE[CODE.index("struct zs_options {") : CODE.index("ZS_OPTIONS_INIT")]
    assert set(re.findall(r"#define ZS_(\w+)", block)) == {flag.name for flag in zsplice.Flag}


@pytest.mark.parametrize("name", ["zs_result", "zs_options"])
def test_structures_have_the_layout_of_the_header(name):
    structure = TYPES["struct " + name]
    body = re.search(r"struct %s \{(.*?)\};" % name, CODE, flags=re.S).group(1)
    fields = []
    for declaration in body.split(";")[:-1]:
        if "(*" in declaration:
            assert "int (*progress)(void *context, const struct zs_result *so_far)" in declaration
            fields.append(("progress", _library.Progress))
            continue
        type_, member, length = re.fullmatch(r"\s*(.*?[\s*])(\w+)(?:\[(\d+)\])?\s*", declaration).groups()
        kind = c_type(type_)
        fields.append((member, kind * int(length) if length else kind))
    assert [name for name, _ in structure._fields_] == [name for name, _ in fields]
    same = type("Same", (ctypes.Structure,), {"_fields_": fields})
    for member, _ in fields:
        ours, theirs = getattr(structure, member), getattr(same, member)
        assert (ours.offset, ours.size) == (theirs.offset, theirs.size), member
    if ctypes.sizeof(ctypes.c_void_p) == 8:
        assert ctypes.sizeof(structure) == 64
    # Signed or not.
    assert [kind for _, kind in structure._fields_] == [kind for _, kind in fields]


@pytest.mark.parametrize("name", _library.PROTOTYPES)
def test_functions_are_declared_as_in_the_header(name):
    declared = re.search(r"([\w\s*]*?\b)%s\((.*?)\)" % name, CODE[CODE.index("struct zs_options {") :], flags=re.S)
    result, arguments = declared.groups()
    result = result.split("\n\n")[-1].replace("ZS_NODISCARD", "").strip()
    # A `*` belongs to the type.
    kinds = [re.fullmatch(r"\s*(.*?)\w+\s*", one, flags=re.S).group(1) for one in arguments.split(",")]
    expected = [] if arguments == "void" else [c_type(kind) for kind in kinds]
    before = CODE[CODE.index("struct zs_options {") :][: declared.start(2)].split("\n")[-1]
    result = before.split(name)[0].replace("ZS_NODISCARD", "").strip()
    assert (c_type(result), expected) == _library.PROTOTYPES[name]


def test_versions_are_the_same():
    cargo = re.search(r'^version = "(.*)"', (PROJECT / "Cargo.toml").read_text(), flags=re.M).group(1)
    assert zsplice.__version__ == zsplice.library_version() == cargo
    assert "version" not in re.search(r"\[project\](.*?)\n\[", (PACKAGE / "pyproject.toml").read_text(), re.S).group(
        1
    ).replace('dynamic = ["version"]', "")
