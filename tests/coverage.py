#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Finds the lines of src that nothing runs, and compares them with tests/uncovered.txt.

    tests/coverage.py [--compare]

Builds the library and the unit tests with -C instrument-coverage, and runs these and all programs of c-tests,
linked with the archive. The counters are shared memory (continuous mode), so that children and killed programs
count, too. Each program has a file of its own: of what several write to one file at a time, some is lost. A line
that nothing runs and that the list does not have is a failure: write a test, take the line out, or argue in the
list. --compare runs nothing, and compares the counts of the last run with the list."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build/coverage"
RAW = WORK / "raw"
PREFIX = WORK / "prefix"
LIST = ROOT / "tests/uncovered.txt"
CARGO = os.environ.get("CARGO", "cargo")
# Counters that are mapped from a file are found at run time.
INSTRUMENT = ["-Cinstrument-coverage", "-Cllvm-args=-runtime-counter-relocation"]


def run(*command, env=None, check=True):
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, check=check)


def told(*command):
    return subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def host():
    return re.search(r"^host: (.*)$", told("rustc", "-vV"), re.M)[1]


def tool(name):
    """One of LLVM's tools, of the same version as rustc's: rustup's, or one that is installed."""
    own = Path(told("rustc", "--print", "sysroot").strip()) / "lib/rustlib" / host() / "bin" / name
    major = re.search(r"^LLVM version: (\d+)", told("rustc", "-vV"), re.M)[1]
    found = own if own.exists() else shutil.which(f"{name}-{major}") or shutil.which(name)
    if not found:
        print(f"skipped: there is no {name} (rustup component add llvm-tools)")
        sys.exit(1 if os.environ.get("CI", "false") not in ("", "false") else 0)
    return str(found)


def build_library():
    """The archive, and where tests/c_abi.rs looks for it."""
    run(CARGO, "rustc", "--quiet", "--lib", "--crate-type", "staticlib", "--profile", "debugging",
        "--no-default-features", "--target", host(), "--target-dir", WORK / "cargo", "--", *INSTRUMENT)
    (PREFIX / "lib/pkgconfig").mkdir(parents=True, exist_ok=True)
    archive = PREFIX / "lib/libzsplice.a"
    shutil.copy(WORK / "cargo" / host() / "debugging/libzsplice.a", archive)
    include = PREFIX / "include"
    if not include.is_symlink():
        include.symlink_to(ROOT / "include")
    text = (ROOT / "pkgconfig/zsplice.pc.in").read_text()
    for name, value in [("PREFIX", PREFIX), ("LIBDIR", PREFIX / "lib"), ("INCLUDEDIR", include), ("VERSION", 0)]:
        text = text.replace(f"@{name}@", str(value))
    (PREFIX / "lib/pkgconfig/zsplice.pc").write_text(text)
    return archive


def run_programs():
    """A program may fail here, if it counts its own system calls or memory: `make check` is where it has to pass."""
    threads = os.environ.get("THREADS", str(2 * os.cpu_count()))
    run(CARGO, "test", "--quiet", "--test", "c_abi", "--", "archive::", check=False, env={
        "ZS_TEST_PREFIX": str(PREFIX), "ZS_TEST_ARCHIVE_ONLY": "1", "ZS_TEST_SLOWER": "2",
        "RUST_TEST_THREADS": threads,
        "CFLAGS": "-Wl,-u,__llvm_profile_runtime", "LLVM_PROFILE_FILE": str(RAW / "c-%c%p-%m.profraw"),
    })


def run_unit_tests():
    """The program that cargo builds of them."""
    env = {"RUSTFLAGS": " ".join(INSTRUMENT[:1]), "LLVM_PROFILE_FILE": str(RAW / "unit-%p.profraw")}
    arguments = ["test", "--lib", "--no-default-features", "--target", host(), "--target-dir", str(WORK / "unit")]
    output = subprocess.run([CARGO, *arguments], cwd=ROOT, env={**os.environ, **env}, check=True, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE).stderr
    return WORK / ".." / re.search(r"Running unittests .* \(.*build/(.*)\)", output)[1]


def objects_of(archive):
    """The objects in the archive that have counters: llvm-cov refuses an archive with others in it."""
    folder = WORK / "objects"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    names = [name for name in told("ar", "t", archive).split() if name.startswith("zsplice")]
    subprocess.run(["ar", "x", archive, *names], cwd=folder, check=True)
    return sorted(path for path in folder.iterdir() if b"__llvm_covmap" in path.read_bytes())


def counts(objects, pattern):
    """The lines that can run and how often each did, by file."""
    profiles, data = sorted(RAW.glob(pattern)), WORK / "data.profdata"
    if not profiles:
        sys.exit(f"no program has written {pattern}")
    run(tool("llvm-profdata"), "merge", "--sparse", "-o", data, *profiles)
    arguments = [f"--instr-profile={data}", *(word for path in objects for word in ("--object", path))]
    lines, file = {}, None
    for line in told(tool("llvm-cov"), "export", "--format=lcov", *arguments).splitlines():
        if line.startswith("SF:"):
            file = lines.setdefault(os.path.relpath(line[3:], ROOT), {})
        elif line.startswith("DA:"):
            number, count = line[3:].split(",")[:2]
            file[int(number)] = file.get(int(number), 0) + int(count)
    return lines


def uncovered(library, unit):
    """The lines that nothing runs, as (file, function, text), and how many can run at all."""
    found, runnable = [], 0
    for file in sorted(file for file in library if file.startswith("src/")):
        source, function = (ROOT / file).read_text().splitlines(), "-"
        for number, text in enumerate(source, 1):
            name = re.search(r"\bfn (\w+)", text)
            function = name[1] if name else function
            if library[file].get(number) is None or not re.search(r"\w", text):
                continue
            runnable += 1
            if library[file][number] == 0 and unit.get(file, {}).get(number, 0) == 0:
                found.append((file, function, text.strip()))
    return found, runnable


def argued():
    """The list: entries of `file: function: text`, each followed by indented lines that argue."""
    entries, lines = Counter(), LIST.read_text().splitlines()
    for at, line in enumerate(lines):
        if line and not line.startswith(("#", "\t")):
            entries[tuple(line.split(": ", 2))] += 1
            reason = next((later for later in lines[at + 1:] if later.startswith("\t") or not later), "")
            if not reason.strip():
                sys.exit(f"{LIST.name}: nothing argues for: {line}")
    return entries


def play():
    """Runs everything, and notes where the program of the unit tests is."""
    shutil.rmtree(RAW, ignore_errors=True)
    RAW.mkdir(parents=True)
    build_library()
    (WORK / "unit-tests").write_text(str(run_unit_tests()))
    run_programs()


def main():
    tool("llvm-profdata"), tool("llvm-cov")
    if "--compare" not in sys.argv:
        play()
    unit = counts([(WORK / "unit-tests").read_text()], "unit-*.profraw")
    found, runnable = uncovered(counts(objects_of(PREFIX / "lib/libzsplice.a"), "c-*.profraw"), unit)
    new, listed = Counter(found) - argued(), argued() - Counter(found)
    for entry in sorted(listed):
        print("is run, or gone: take it off tests/uncovered.txt:", ": ".join(entry))
    for entry in sorted(new):
        print("nothing runs this line:", ": ".join(entry))
    print(f"{runnable - len(found)} of {runnable} lines run, {len(found)} do not, {new.total()} of them unargued")
    sys.exit(1 if new else 0)


main()
