#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Changes one line of src at a time, at random, and sees whether a test fails.

    tests/mutants.py [N [SEED [FIRST]]]

Works in a copy of the tree, build/mutants/tree. For each of N changes that compile it runs the unit tests,
and if these succeed the programs of c-tests that fit the file, the quick ones first, until one fails twice.
The programs are linked once, with the shared library, of which each change makes a new one; what fails
without a change is left out. The same seed makes the same changes in the same source; FIRST leaves out those
before it. The diffs of the survivors come last; the exit status is 1 if there are any."""

import difflib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build/mutants"
TREE = WORK / "tree"
PROGRAMS = WORK / "programs"
LIB_LIMIT, BUILD_LIMIT, PROGRAM_LIMIT = 300, 900, 120  # seconds

ERRNOS = ["AGAIN", "INTR", "INVAL", "IO", "PIPE", "PERM", "NOSYS", "OPNOTSUPP"]
COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}

# Which folders of c-tests a file is tried with, by the first part of its name that fits; all, if none does.
FOLDERS = [
    ("copy", ["copy", "about"]),
    ("fanout", ["fanout", "about"]),
    ("relay", ["relay", "bridge", "duplex", "about"]),
    ("duplex", ["duplex", "bridge", "about"]),
    ("bridge", ["bridge", "about"]),
    ("full", ["full", "about"]),
    ("retry", ["retry", "full", "about"]),
    ("call", ["call", "about"]),
]


# What the search through all states of a relay and a duplex (src/engine/relay/model) goes through. The unit tests of
# anything else are quicker without it.
EXPLORED = re.compile("relay|duplex|shared|sys|mem|errno|constants")


def replaced(line, found, text):
    return line[: found.start()] + text + line[found.end() :]


def each(line, pattern, change):
    """One changed line for every place that the pattern fits."""
    return [replaced(line, found, text) for found in re.finditer(pattern, line) for text in change(found)]


def changes(line):
    """The changed lines that one line gives, by the kind of the change."""
    code = line.split("//")[0].rstrip()
    comment = line[len(code) :]
    kinds = {
        "comparison": each(code, r"(?<= )(<=|>=|==|!=|<|>)(?= )", lambda m: [COMPARISONS[m[0]]]),
        "logic": each(code, r"(?<=\S )(&&|\|\|)(?= )", lambda m: [LOGIC[m[0]]]),
        "number": each(
            code, r"(?<![\w.\"'])\d+(?![\w.\"'])",
            lambda m: [str(int(m[0]) + by) for by in (1, -1) if int(m[0]) + by >= 0],
        ),
        "branch": each(code, r"\bif (?!let\b)(.+)(?= \{$)", lambda m: [f"if !({m[1]})"]),
        "errno": each(
            code, r"(?<=\bErrno::)[A-Z0-9]+\b", lambda m: [name for name in ERRNOS if name != m[0]]
        ),
        "call": [""] if re.fullmatch(r"\s+(let _ = )?[\w.:]+\(.*\)\??;", code) else [],
    }
    return {kind: [text + comment if text else "" for text in texts] for kind, texts in kinds.items()}


def tested_only():
    """The files that only tests are made of: `#[cfg(test)] mod name;`."""
    for path in (TREE / "src").rglob("*.rs"):
        folder = path.parent if path.name in ("mod.rs", "lib.rs") else path.with_suffix("")
        for name in re.findall(r"^#\[cfg\(test\)\]\n(?:pub\S* )?mod (\w+);", path.read_text(), re.MULTILINE):
            yield folder / f"{name}.rs"
            yield from (folder / name).rglob("*.rs")


def candidates():
    """All changes: kind -> [(file, number of the line, new line)]. Tests stay, also at the end of a file."""
    found, excluded = {}, set(tested_only())
    for path in sorted(set((TREE / "src").rglob("*.rs")) - excluded):
        text = path.read_text().partition("#[cfg(test)]\nmod tests {")[0]
        for number, line in enumerate(text.split("\n")):
            if line.lstrip().startswith(("//", "#", "use ", "const _")):
                continue
            for kind, texts in changes(line).items():
                found.setdefault(kind, []).extend((path, number, text) for text in texts)
    return {kind: list_ for kind, list_ in found.items() if list_}


def environment():
    others = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ZS_TEST_PREFIX", "CARGO_TARGET_DIR")
    mine = {"LD_LIBRARY_PATH": str(TREE / "build")}
    return {name: value for name, value in os.environ.items() if name not in others} | mine


def run(command, limit, folder=TREE):
    """The exit status, or None if it takes too long, and the output."""
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )
        try:
            status = child.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            status = None
        end_session(child.pid)
        child.wait()
        log.seek(0)
        return status, log.read().decode(errors="replace")


def end_session(session):
    """Kills what is left of a session, which may have several process groups."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_bytes().rpartition(b")")[2].split()[3]) == session:
                os.kill(int(stat.parent.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass


def unit_tests(file=""):
    skipped = [] if EXPLORED.search(file) else ["--", "--skip", "::model::"]
    return run(["cargo", "test", "-q", "--no-default-features", "--lib", *skipped], LIB_LIMIT)


def library():
    status, output = run(["make", "-s"], BUILD_LIMIT)
    if status != 0:
        sys.exit(f"make fails\n{output}")


def build(source):
    """Links a program; None if it is not for the shared library."""
    ways = re.search(r"^/\* ways: (.*) \*/$", source.read_text(), re.MULTILINE)
    if ways and "shared" not in ways[1].split():
        return None
    program = PROGRAMS / source.parent.name / source.stem
    program.parent.mkdir(parents=True, exist_ok=True)
    flags = ["-O1", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", "-std=c11", "-pthread", "-Iinclude"]
    links = [f"-L{TREE / 'build'}", "-lzsplice", "-o", str(program)]
    status, output = run(["cc", *flags, "-Ic-tests/support", str(source), *links], BUILD_LIMIT)
    if status != 0:
        sys.exit(f"{source} does not compile\n{output}")
    return program


def succeeds(program):
    """Runs a program in an empty folder; None if it cannot run here."""
    with tempfile.TemporaryDirectory() as folder:
        status, _ = run([str(program)], PROGRAM_LIMIT, folder)
    return {0: True, 77: None}.get(status, False)


def in_parallel(work, list_):
    with ThreadPoolExecutor(2 * os.cpu_count()) as threads:
        return list(threads.map(work, list_))


def programs():
    """The programs that succeed without a change, the quickest first."""
    sources = [path for path in sorted(TREE.glob("c-tests/*/*.c")) if path.parent.name != "support"]
    built = [program for program in in_parallel(build, sources) if program]

    def measured(program):
        start = time.monotonic()
        return (time.monotonic() - start, program) if succeeds(program) else None

    return [program for _, program in sorted(filter(None, in_parallel(measured, built)))]


def first_failure(chosen):
    """The first program that fails twice, or None."""
    failures, over = [], threading.Event()

    def try_one(program):
        if not over.is_set() and succeeds(program) is False and succeeds(program) is False:
            failures.append(program.name)
            over.set()

    in_parallel(try_one, chosen)
    return failures[0] if failures else None


def name_of(path):
    return path.relative_to(TREE / "src").as_posix()


def fitting(path, all_programs):
    file = name_of(path)
    folders = next((folders for part, folders in FOLDERS if part in file), None)
    return [program for program in all_programs if folders is None or program.parent.name in folders]


def verdict(path, all_programs):
    """Whether a test fails with a change, and which."""
    status, output = unit_tests(name_of(path))
    if "could not compile" in output:
        return "unbuildable", ""
    if status != 0:
        failed = re.findall(r"^test (\S+) \.\.\. FAILED|^    (\S+)$", output, re.MULTILINE)
        return "killed", "by " + ("the unit tests" if not failed else max(failed[0]))
    library()
    failed = first_failure(fitting(path, all_programs))
    return ("killed", f"by {failed}") if failed else ("survived", "")


def copy_tree():
    shutil.rmtree(TREE, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True, check=True, stdout=subprocess.PIPE
    )
    for name in filter(lambda name: (ROOT / name).is_file(), listed.stdout.splitlines()):
        (TREE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, TREE / name)


def drawn(found, seed):
    """Changes without end: (file, its text, the changed text, the number of the line)."""
    chance = random.Random(seed)
    while True:
        path, at, text = chance.choice(found[chance.choice(sorted(found))])
        before = path.read_text()
        lines = before.split("\n")
        lines[at] = text
        yield path, before, "\n".join(lines), at


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    print(f"{count} changes from number {first}, seed {seed}", flush=True)
    copy_tree()
    changes_, tally, survivors = drawn(candidates(), seed), {}, []
    if unit_tests("relay")[0] != 0:
        sys.exit("the unit tests fail without a change")
    library()
    all_programs = programs()
    for number, (path, before, after, at) in enumerate(changes_, 1):
        if number < first:
            continue
        if sum(tally.values()) - tally.get("unbuildable", 0) == count:
            break
        path.write_text(after)
        try:
            outcome, told = verdict(path, all_programs)
        finally:
            path.write_text(before)
        tally[outcome] = tally.get(outcome, 0) + 1
        name, line = path.relative_to(TREE).as_posix(), after.split("\n")[at].strip() or "dropped"
        print(f"{number}: {outcome} {told}: {name}:{at + 1}: {line}", flush=True)
        if outcome == "survived":
            both = before.split("\n"), after.split("\n")
            survivors.append("\n".join(difflib.unified_diff(*both, name, name, lineterm="", n=2)))
    print(", ".join(f"{outcome}: {times}" for outcome, times in sorted(tally.items())))
    print("\n\n".join(survivors))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
