# SPDX-License-Identifier: MIT OR Apache-2.0
"""shutil, accelerated: the same but for speed and holes."""

import errno
import os
import shutil
import time
from unittest import mock

import pytest
from conftest import file_size_limit

import zsplice
from zsplice import _shutil


@pytest.fixture(autouse=True)
def accelerated():
    zsplice.accelerate_shutil()
    yield
    zsplice.accelerate_shutil(False)


def used():
    """Counts the files that come this way."""
    return mock.patch.object(_shutil, "copy_transfer", side_effect=_shutil.copy_transfer)


def test_a_sparse_file_takes_no_time_and_no_room(tmp_path):
    with open(tmp_path / "from", "wb") as sparse:
        sparse.truncate(500 << 20)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        shutil.copyfile(tmp_path / "from", tmp_path / "to")
        times.append(time.perf_counter() - began)
    assert (tmp_path / "to").stat().st_size == 500 << 20
    assert (tmp_path / "to").stat().st_blocks < 1000
    assert min(times) < 0.01, times


@pytest.mark.parametrize("function", [shutil.copyfile, shutil.copy, shutil.copy2])
def test_they_copy_by_zsplice(function, tmp_path):
    (tmp_path / "from").write_bytes(b"bytes" * 1000)
    os.chmod(tmp_path / "from", 0o640)
    with used() as calls:
        assert function(tmp_path / "from", tmp_path / "to") == tmp_path / "to"
    assert calls.call_count == 1
    assert (tmp_path / "to").read_bytes() == b"bytes" * 1000
    if function is not shutil.copyfile:
        assert (tmp_path / "to").stat().st_mode & 0o777 == 0o640


def test_trees_and_links(tmp_path):
    (tmp_path / "tree" / "below").mkdir(parents=True)
    (tmp_path / "tree" / "below" / "file").write_bytes(b"bytes")
    (tmp_path / "tree" / "empty").touch()
    os.symlink("below/file", tmp_path / "tree" / "link")
    with used() as calls:
        shutil.copytree(tmp_path / "tree", tmp_path / "copy", symlinks=True)
    assert calls.call_count == 2
    assert (tmp_path / "copy" / "below" / "file").read_bytes() == b"bytes"
    assert (tmp_path / "copy" / "empty").stat().st_size == 0
    assert os.readlink(tmp_path / "copy" / "link") == "below/file"
    shutil.copyfile(tmp_path / "tree" / "link", tmp_path / "second", follow_symlinks=False)
    assert os.path.islink(tmp_path / "second")


def test_exceptions_are_those_of_shutil(tmp_path):
    (tmp_path / "file").write_bytes(b"bytes")
    os.link(tmp_path / "file", tmp_path / "same")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(shutil.SameFileError):
        shutil.copyfile(tmp_path / "file", tmp_path / "same")
    with pytest.raises(shutil.SpecialFileError):
        shutil.copyfile(tmp_path / "fifo", tmp_path / "new")
    with pytest.raises(FileNotFoundError):
        shutil.copyfile(tmp_path / "missing", tmp_path / "new")
    with pytest.raises(IsADirectoryError):
        shutil.copyfile(tmp_path / "file", tmp_path)
    assert (tmp_path / "file").read_bytes() == b"bytes"


def test_an_error_names_both_files(tmp_path):
    (tmp_path / "from").write_bytes(b"bytes" * 1000)
    with file_size_limit(1000), pytest.raises(OSError) as caught:
        shutil.copyfile(tmp_path / "from", tmp_path / "to")
    assert caught.value.errno == errno.EFBIG
    assert (caught.value.filename, caught.value.filename2) == (str(tmp_path / "from"), str(tmp_path / "to"))


def test_files_of_proc(tmp_path):
    shutil.copyfile("/proc/self/mounts", tmp_path / "to")
    with open("/proc/self/mounts") as mounts:
        assert (tmp_path / "to").read_text() == mounts.read()


def test_it_can_be_switched_off(tmp_path):
    (tmp_path / "from").write_bytes(b"bytes")
    zsplice.accelerate_shutil()
    zsplice.accelerate_shutil(False)
    zsplice.accelerate_shutil(False)
    with used() as calls:
        shutil.copyfile(tmp_path / "from", tmp_path / "to")
    assert calls.call_count == 0
    assert all(getattr(shutil, name).__module__ == "shutil" for name in _shutil._HOOKS if hasattr(shutil, name))
