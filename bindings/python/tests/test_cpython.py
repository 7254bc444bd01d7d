# SPDX-License-Identifier: MIT OR Apache-2.0
"""CPython's own tests of os.splice, os.copy_file_range, os.sendfile and shutil, with those of zsplice in place."""

import importlib
import os
import re
import subprocess
import sys

import pytest
from conftest import LIMIT, PACKAGE, skip

# These replace os.sendfile, or look at what it was asked for, and expect shutil to have called that.
EXCEPTIONS = r"TestZeroCopySendfile\.test_(" + "|".join(
    [
        "big_chunk",
        "small_chunks",
        "blocksize_arg",
        "exception_on_first_call",
        "exception_on_second_call",
        "file2file_not_supported",
        "filesystem_full",
        "unhandled_exception",
    ]
) + r")$"

RUN = """
import os, re, sys, unittest
import zsplice

module, wanted, exceptions = sys.argv[1:]
for name in ("splice", "copy_file_range", "sendfile"):
    if hasattr(os, name):
        setattr(os, name, getattr(zsplice, name))
zsplice.accelerate_shutil()

def tests(suite):
    for one in suite:
        yield from tests(one) if isinstance(one, unittest.TestSuite) else [one]

found = tests(unittest.defaultTestLoader.loadTestsFromName(module))
chosen = [one for one in found if re.search(wanted, one.id()) and not re.search(exceptions, one.id())]
result = unittest.TextTestRunner(verbosity=0).run(unittest.TestSuite(chosen))
print(result.testsRun)
sys.exit(not result.wasSuccessful())
"""


@pytest.mark.parametrize(
    "module, wanted, least",
    [("test.test_os", "splice|copy_file_range|[sS]endfile", 12), ("test.test_shutil", "", 130)],
    ids=["os", "shutil"],
)
def test_those_of_cpython_pass(module, wanted, least, tmp_path):
    try:
        importlib.import_module("test.support")
        found = importlib.util.find_spec(module)
    except ImportError:
        found = None
    if found is None:
        version = "%d.%d" % sys.version_info[:2]
        skip(f"this Python has no {module} (Debian: libpython{version}-testsuite)")
    ended = subprocess.run(
        [sys.executable, "-c", RUN, module, wanted, EXCEPTIONS],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT - 2,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert int(re.search(r"^(\d+)$", ended.stdout, flags=re.M).group(1)) >= least
