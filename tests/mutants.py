#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Changes one line of src at a time, at random, and sees whether a test fails.

    tests/mutants.py [N [SEED]]

Works in a copy of the tree, build/mutants/tree. For each of N changes it runs `cargo test --lib`, and if
that succeeds the programs of c-tests that fit the file, linked with the shared library. The same seed makes
the same changes in the same source. The diffs of the survivors come last; the exit status is 1 if there are
any. A change that timed out has made a program wait for ever, or the machine is too slow."""

import difflib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build/mutants"
TREE = WORK / "tree"
LIB_LIMIT, C_LIMIT = 300, 900  # seconds

ERRNOS = ["AGAIN", "INTR", "INVAL", "IO", "PIPE", "PERM", "NOSYS", "OPNOTSUPP"]
COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}

# Which programs of c-tests a file is tried with, by the first that fits: parts of their names.
PROGRAMS = [
    ("engine/copy", ["copy_"]),
    ("engine/fanout", ["fanout_"]),
    ("engine/relay", ["relay_", "bridge_"]),
    ("bridge", ["bridge_"]),
    ("relay", ["relay_"]),
    ("fanout", ["fanout_"]),
    ("full", ["full_"]),
    ("retry", ["retry_"]),
    ("call", ["calls_", "equals_the_system_call"]),
    ("abi/copy", ["copy_"]),
]


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


def candidates():
    """All changes: kind -> [(file, number of the line, new line)]. Tests at the end of a file stay."""
    found = {}
    for path in sorted((TREE / "src").rglob("*.rs")):
        for number, line in enumerate(path.read_text().split("\n")):
            if line.startswith("#[cfg(test)]"):
                break
            if line.lstrip().startswith(("//", "#", "use ", "const _")):
                continue
            for kind, texts in changes(line).items():
                found.setdefault(kind, []).extend((path, number, text) for text in texts)
    return {kind: list_ for kind, list_ in found.items() if list_}


def run(command, limit):
    """The exit status, or None if it takes too long, and the output."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(WORK / "target")}
    for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ZS_TEST_PREFIX"):
        environment.pop(variable, None)
    child = subprocess.Popen(
        command, cwd=TREE, env=environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )
    try:
        output, _ = child.communicate(timeout=limit)
        return child.returncode, output
    except subprocess.TimeoutExpired:
        end_session(child.pid)
        output, _ = child.communicate()
        return None, output


def end_session(session):
    """Kills every process of a session: the programs of c-tests run in groups of their own."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[3]) == session:
                os.kill(int(stat.parent.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass


def c_tests(path):
    """`cargo test` of the programs for a file; of all, where none are named."""
    file = path.relative_to(TREE / "src").as_posix()
    names = next((names for part, names in PROGRAMS if part in file), ["shared::"])
    others = ["--skip", "archive::", "--skip", "full_static::"]
    return ["cargo", "test", "-q", "--test", "c_abi", "--", *names, *others]


def verdict(path):
    status, output = run(["cargo", "test", "-q", "--lib"], LIB_LIMIT)
    if "could not compile" in output:
        return "unbuildable"
    if status is None:
        return "timed out"
    if status != 0:
        return "killed"
    status, output = run(c_tests(path), C_LIMIT)
    if status is None:
        return "timed out"
    if re.search(r"running 0 tests", output):
        sys.exit(f"no program of c-tests fits {path}")
    return "survived" if status == 0 else "killed"


def copy_tree():
    shutil.rmtree(TREE, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True, check=True, stdout=subprocess.PIPE
    )
    for name in filter(lambda name: (ROOT / name).is_file(), listed.stdout.splitlines()):
        (TREE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, TREE / name)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    print(f"{count} changes, seed {seed}", flush=True)
    copy_tree()
    found, chance, tally, survivors = candidates(), random.Random(seed), {}, []
    if run(["cargo", "test", "-q", "--lib"], LIB_LIMIT)[0] != 0:
        sys.exit("the tests fail without a change")
    for number in range(1, count + 1):
        path, at, text = chance.choice(found[chance.choice(sorted(found))])
        before = path.read_text()
        lines = before.split("\n")
        lines[at] = text
        name = path.relative_to(TREE).as_posix()
        diff = "\n".join(difflib.unified_diff(before.split("\n"), lines, name, name, lineterm="", n=2))
        path.write_text("\n".join(lines))
        try:
            outcome = verdict(path)
        finally:
            path.write_text(before)
        tally[outcome] = tally.get(outcome, 0) + 1
        print(f"{number}: {outcome}: {name}:{at + 1}: {text.strip() or 'dropped'}", flush=True)
        if outcome == "survived":
            survivors.append(diff)
    print(", ".join(f"{outcome}: {times}" for outcome, times in sorted(tally.items())))
    print("\n\n".join(survivors))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
