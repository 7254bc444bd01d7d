# SPDX-License-Identifier: MIT OR Apache-2.0
"""README.md: its programs run, and the package can be installed as it says."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from conftest import LIMIT, PACKAGE, skip

import zsplice

README = (PACKAGE / "README.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, flags=re.M | re.S)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_programs_run(number, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAMS[number]],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT - 2,
    )
    assert (ended.returncode, ended.stderr) == (0, "") and "bytes" in ended.stdout


def test_every_name_is_described():
    table = README[README.index("## What there is") : README.index("**Errors**")]
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", table))))
    missing = set(zsplice.__all__) - named - {"EVENTS_ALL", "WANT_RUN", "Result", "__version__", "library_version"}
    assert not missing


def test_the_wheel_is_pure_python(tmp_path):
    """Built without the network, from a copy: setuptools leaves files behind."""
    for module in ("pip", "setuptools", "wheel"):
        if subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode:
            skip(f"{module} is not installed (Debian: python3-{module})")
    ignored = shutil.ignore_patterns("__pycache__", "tests")
    shutil.copytree(PACKAGE, tmp_path / "source", ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "wheel"]
    options = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, *options, "-w", tmp_path, tmp_path / "source"], check=True, timeout=LIMIT - 2)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"zsplice-{zsplice.__version__}-py3-none-any.whl"
    assert "zsplice/py.typed" in zipfile.ZipFile(wheel).namelist()
    # A wheel that is pure Python can be imported as it is.
    script = "import zsplice; print(zsplice.__version__, zsplice.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    told = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert told.stdout.split() == [zsplice.__version__, str(wheel / "zsplice" / "__init__.py")]
