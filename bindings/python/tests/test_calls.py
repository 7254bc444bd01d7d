# SPDX-License-Identifier: MIT OR Apache-2.0
"""The functions with the signatures of os, beside those of os, and py_splice."""

import errno
import fcntl
import os
import re
import signal
import threading
import time

import pytest
from conftest import pipe, sockets

import zsplice
from zsplice import py_splice

NAMES = [name for name in ("splice", "copy_file_range", "sendfile") if hasattr(os, name)]
PAIRS = [(getattr(os, name), getattr(zsplice, name)) for name in NAMES]


@pytest.fixture
def files(tmp_path):
    with open(tmp_path / "a", "w+b", buffering=0) as a, open(tmp_path / "b", "w+b", buffering=0) as b:
        a.write(b"0123456789")
        a.seek(0)
        yield a, b


def test_copy_file_range(files):
    a, b = files
    src, dst = a.fileno(), b.fileno()
    assert zsplice.copy_file_range(src, dst, 4) == 4
    assert zsplice.copy_file_range(src, dst, 3, offset_src=1, offset_dst=8) == 3
    assert (a.tell(), b.tell()) == (4, 4)
    assert os.pread(dst, 99, 0) == b"0123" + bytes(4) + b"123"
    assert zsplice.copy_file_range(src, dst, 99) == 6
    assert zsplice.copy_file_range(src, dst, 99) == 0


def test_splice(files):
    a, b = files
    with pipe() as (reader, writer):
        assert zsplice.splice(a.fileno(), writer, 5, offset_src=2) == 5
        assert zsplice.splice(reader, b.fileno(), 9, None, 1, 0) == 5
        assert b.read() == b"\00023456"
        with pytest.raises(BlockingIOError):
            zsplice.splice(reader, b.fileno(), 1, flags=2)


def test_sendfile(files):
    a, _ = files
    with sockets() as (out, peer):
        assert zsplice.sendfile(out.fileno(), a.fileno(), 3, 4) == 4
        assert zsplice.sendfile(out.fileno(), a.fileno(), None, 2) == 2
        assert peer.recv(99) == b"345601"
        assert a.tell() == 2


def outcome(function, *arguments, **named):
    try:
        return function(*arguments, **named)
    except Exception as error:
        return type(error), getattr(error, "errno", None)


@pytest.mark.parametrize("theirs, ours", PAIRS, ids=lambda function: function.__name__)
def test_they_fail_as_those_of_os(theirs, ours, files):
    a, b = files[0].fileno(), files[1].fileno()
    in_order = (b, a, None) if ours is zsplice.sendfile else (a, b)
    for first, second in ((-1, -1), (98765, a), (a, 98765), (a, a), ("x", a), (a, 1.5), (None, a), (2**31, a)):
        for count in (1, 0, -1, "1", 1.5, None, 2**70):
            arguments = (first, second, None, count) if ours is zsplice.sendfile else (first, second, count)
            expected = outcome(theirs, *arguments)
            # Both wrong at once: which is seen first does not matter.
            assert outcome(ours, *arguments) == expected or {*map(type, arguments)} - {int, type(None)}, arguments
            assert isinstance(expected, tuple) == isinstance(outcome(ours, *arguments), tuple), arguments
    with pytest.raises(TypeError):
        ours()
    with pytest.raises(OSError):
        ours(*in_order[:2], *((-5, 1) if len(in_order) == 3 else (1, -5)))


def test_a_signal_that_is_handled_does_not_end_a_call():
    handled = []
    before = signal.signal(signal.SIGUSR1, lambda *_: handled.append(1))
    main = threading.main_thread().ident
    with pipe() as (reader, writer), pipe() as (_, into):

        def later():
            time.sleep(0.1)
            signal.pthread_kill(main, signal.SIGUSR1)
            time.sleep(0.1)
            os.write(writer, b"at last")

        other = threading.Thread(target=later)
        other.start()
        assert zsplice.splice(reader, into, 99) == 7
        other.join()
    signal.signal(signal.SIGUSR1, before)
    assert handled == [1]


def test_py_splice_copies_files(tmp_path):
    # As on the page of py-splice.
    (tmp_path / "read.txt").write_bytes(bytes(range(50)))

    def fresh():
        return open(tmp_path / "read.txt"), open(tmp_path / "write.txt", "w+")

    for positional, named, expected in (
        ((), {}, range(50)),
        ((), {"offset": 10}, range(10, 50)),
        ((), {"nbytes": 20}, range(20)),
        ((), {"offset": 10, "nbytes": 20}, range(10, 30)),
        ((10, 20), {}, range(10, 30)),
        ((), {"flags": py_splice.SPLICE_F_MORE}, range(50)),
    ):
        to_read, to_write = fresh()
        with to_read, to_write:
            first, second = to_read.fileno(), to_write.fileno()
            assert py_splice.splice(first, second, *positional, **named) == len(expected)
        assert (tmp_path / "write.txt").read_bytes() == bytes(expected)


def test_py_splice_knows_the_output(tmp_path):
    (tmp_path / "in").write_bytes(b"input")
    (tmp_path / "out").write_bytes(b"")
    read, write, both = (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)
    for mode_in, mode_out, order in (
        (read, write, "io"),
        (read, write, "oi"),
        (read, both, "io"),
        (read, both, "oi"),
        (both, write, "io"),
        (both, write, "oi"),
        (both, both, "oi"),
        (both, both, "named"),
    ):
        source, output = os.open(tmp_path / "in", mode_in), os.open(tmp_path / "out", mode_out | os.O_TRUNC)
        try:
            if order == "named":
                assert py_splice.splice(**{"in": source, "out": output}) == 5
            else:
                assert py_splice.splice(*((source, output) if order == "io" else (output, source))) == 5
            if order != "named":
                assert py_splice.splice(*((source, output) if order == "io" else (output, source))) == 0
        finally:
            os.close(source)
            os.close(output)
        assert ((tmp_path / "in").read_bytes(), (tmp_path / "out").read_bytes()) == (b"input", b"input")


def test_py_splice_refuses_nonsense(tmp_path):
    with open(tmp_path / "file", "wb") as file:
        with pytest.raises(TypeError):
            py_splice.splice(file.fileno())
        with pytest.raises(TypeError):
            py_splice.splice(1, 2, 3, 4, 5, 6)
        with pytest.raises(TypeError):
            py_splice.splice(1, 2, length=3)
        with pytest.raises(OSError):
            py_splice.splice(98765, file.fileno())
        with pytest.raises(OSError):
            py_splice.splice(file.fileno(), file.fileno(), flags=64)


def test_flags_of_py_splice_are_the_kernel_s():
    names = [name for name in dir(os) if re.match("SPLICE_F_", name)]
    assert all(getattr(py_splice, name) == getattr(os, name) for name in names)
    assert fcntl.F_GETFL
