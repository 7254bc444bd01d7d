# SPDX-License-Identifier: MIT OR Apache-2.0
"""copy, fanout and bridge: what they take, what they return, and how they fail."""

import errno
import gzip
import io
import os
import socket
import ssl
import tempfile
import threading
import time

import pytest
from conftest import file_size_limit, pipe, sockets

import zsplice
from zsplice import Flag, Via


def filled(path, size=100_000):
    path.write_bytes(os.urandom(size))
    return path.read_bytes()


def test_paths_are_opened_and_the_output_begins_anew(tmp_path):
    data = filled(tmp_path / "from")
    filled(tmp_path / "to", 200_000)
    result = zsplice.copy(tmp_path / "from", str(tmp_path / "to"))
    assert result.bytes == len(data) and result.error == 0 and result.via
    assert (tmp_path / "to").read_bytes() == data
    assert zsplice.copy(os.fsencode(tmp_path / "from"), tmp_path / "new", 10).bytes == 10
    assert (tmp_path / "new").read_bytes() == data[:10]


def test_offsets_and_counts(tmp_path):
    data = filled(tmp_path / "from")
    (tmp_path / "to").write_bytes(b"-" * 20)
    assert zsplice.copy(tmp_path / "from", tmp_path / "to", 5, offset_src=7, offset_dst=10).bytes == 5
    assert (tmp_path / "to").read_bytes() == b"-" * 10 + data[7:12] + b"-" * 5


def test_a_file_is_not_copied_onto_itself(tmp_path):
    data = filled(tmp_path / "file")
    os.link(tmp_path / "file", tmp_path / "same")
    with pytest.raises(OSError) as caught:
        zsplice.copy(tmp_path / "file", tmp_path / "same")
    assert caught.value.errno == errno.EINVAL
    assert (tmp_path / "file").read_bytes() == data


def test_wrong_arguments_leave_the_output_alone(tmp_path):
    filled(tmp_path / "from")
    data = filled(tmp_path / "to")
    for wrong in (
        {"count": -1},
        {"count": 2**64},
        {"count": "1"},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": "1"},
        {"idle": -0.1},
        {"rate": 0},
        {"flags": -1},
        {"flags": 2**32},
        {"flags": Flag.INTERRUPT},
        {"flags": Flag.CANCEL_FD},
        {"avoid": "telepathy"},
        {"avoid": [1.5]},
        {"cancel": "x"},
        {"progress": 3},
        {"progress": (n for n in ())},
        {"offset_src": 2**63},
        {"offset_dst": 1.5},
    ):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            zsplice.copy(tmp_path / "from", tmp_path / "to", **wrong)
    for wrong in (None, 1.5, object(), [1]):
        with pytest.raises(TypeError):
            zsplice.copy(wrong, tmp_path / "to")
        with pytest.raises(TypeError):
            zsplice.copy(tmp_path / "from", wrong)
    for wrong in (2**31, -(2**40)):
        with pytest.raises(OverflowError):
            zsplice.copy(wrong, tmp_path / "to")
    assert (tmp_path / "to").read_bytes() == data


def test_closed_files_and_sockets_fail_as_in_python(tmp_path):
    filled(tmp_path / "from")
    with open(tmp_path / "from", "rb") as file, socket.socket() as one:
        pass
    with pytest.raises(ValueError):
        zsplice.copy(file, tmp_path / "to")
    with pytest.raises(OSError) as caught:
        zsplice.copy(one, tmp_path / "to")
    assert caught.value.errno == errno.EBADF
    assert not (tmp_path / "to").exists()
    with pytest.raises(OSError) as caught:
        zsplice.copy(tmp_path / "from", 987654)
    assert caught.value.errno == errno.EBADF and caught.value.result.bytes == 0


def test_errors_name_files(tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        zsplice.copy(tmp_path / "missing", tmp_path / "to")
    assert missing.value.filename == str(tmp_path / "missing")
    assert not (tmp_path / "to").exists()
    with pytest.raises(IsADirectoryError) as folder:
        zsplice.copy(tmp_path, tmp_path / "to")
    assert folder.value.filename == str(tmp_path) or folder.value.filename == tmp_path
    with pytest.raises(OSError) as nameless:
        zsplice.copy(-1, -1)
    assert str(nameless.value) == "[Errno 9] Bad file descriptor"


def test_an_error_half_way_says_what_has_arrived(tmp_path):
    data = filled(tmp_path / "from", 300_000)
    with file_size_limit(100_000), pytest.raises(OSError) as caught:
        zsplice.copy(tmp_path / "from", tmp_path / "to", flags=Flag.NO_CLONE)
    assert caught.value.errno == errno.EFBIG
    assert caught.value.result.side == "out"
    assert caught.value.result.bytes == 100_000
    assert (tmp_path / "to").read_bytes() == data[:100_000]


def test_a_full_device_is_enospc(tmp_path):
    filled(tmp_path / "from")
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError) as caught:
        zsplice.copy(tmp_path / "from", full)
    assert (caught.value.errno, caught.value.result.side) == (errno.ENOSPC, "out")


def test_a_dead_output_is_a_broken_pipe():
    with pipe() as (reader, writer), pipe() as (gone, into):
        os.write(writer, b"some")
        os.close(gone)
        with pytest.raises(BrokenPipeError) as caught:
            zsplice.copy(reader, into)
    assert caught.value.result.side == "out"


@pytest.mark.parametrize("buffering", [-1, 0])
def test_file_objects_keep_their_position(tmp_path, buffering):
    data = filled(tmp_path / "from")
    with open(tmp_path / "from", "rb", buffering) as src, open(tmp_path / "to", "wb", buffering) as dst:
        head = src.read(10)
        dst.write(b"head")
        assert zsplice.copy(src, dst, 50).bytes == 50
        assert (src.tell(), dst.tell()) == (60, 54)
        assert src.read(5) == data[60:65]
        dst.write(b"tail")
    assert (tmp_path / "to").read_bytes() == b"head" + data[len(head) : 60] + b"tail"


def test_files_for_reading_and_writing_keep_their_position(tmp_path):
    with open(tmp_path / "a", "w+b") as a, open(tmp_path / "b", "w+b") as b:
        a.write(b"0123456789")
        a.seek(2)
        b.write(b"abcdef")
        b.seek(0)
        assert b.read(1) == b"a"
        assert zsplice.copy(a, b, 3).bytes == 3
        assert (a.tell(), b.tell()) == (5, 4)
        assert b.read() == b"ef"
        b.seek(0)
        assert b.read() == b"a234ef"
        assert a.read(1) == b"5"


@pytest.mark.parametrize("kind", [tempfile.TemporaryFile, tempfile.NamedTemporaryFile, tempfile.SpooledTemporaryFile])
def test_temporary_files(kind):
    with kind() as src, tempfile.TemporaryFile() as dst:
        src.write(b"0123456789")
        src.seek(3)
        assert zsplice.copy(src, dst).bytes == 7
        dst.seek(0)
        assert dst.read() == b"3456789"


def test_text_files_are_flushed(tmp_path):
    (tmp_path / "from").write_text("text")
    with open(tmp_path / "from") as src, open(tmp_path / "to", "w") as dst:
        dst.write("some ")
        assert zsplice.copy(src, dst).bytes == 4
    assert (tmp_path / "to").read_text() == "some text"


def test_what_changes_bytes_is_refused(tmp_path):
    with gzip.open(tmp_path / "file.gz", "wb") as packed, pytest.raises(TypeError, match="GzipFile"):
        zsplice.copy("/proc/self/status", packed)
    context = ssl.create_default_context()
    with sockets() as (a, _), context.wrap_socket(
        a, server_hostname="localhost", do_handshake_on_connect=False
    ) as encrypted, pytest.raises(TypeError, match="SSLSocket"):
        zsplice.copy("/proc/self/status", encrypted)
    with pytest.raises(io.UnsupportedOperation):
        zsplice.copy(io.BytesIO(b"bytes"), tmp_path / "to")


def test_holes_stay_holes(tmp_path):
    with open(tmp_path / "from", "wb") as sparse:
        sparse.truncate(50 << 20)
        sparse.write(b"x")
    result = zsplice.copy(tmp_path / "from", tmp_path / "to", flags=Flag.NO_CLONE)
    assert result.bytes == 50 << 20 and result.holes > 49 << 20
    assert (tmp_path / "to").stat().st_blocks <= (tmp_path / "from").stat().st_blocks + 64
    result = zsplice.copy(tmp_path / "from", tmp_path / "to", 1 << 20, flags=Flag.FILL_HOLES)
    assert result.holes == 0


def test_mechanisms_are_named_and_avoided(tmp_path):
    filled(tmp_path / "from")
    for avoid in (["clone", "copy_file_range", "sendfile", "splice"], ~Via.READ_WRITE & 0x3F):
        result = zsplice.copy(tmp_path / "from", tmp_path / "to", avoid=avoid)
        assert (result.via, result.copied) == (("read/write",), 100_000)
    with pytest.raises(OSError) as caught:
        zsplice.copy(tmp_path / "from", tmp_path / "to", avoid=list(zsplice._result.names(0x3F)))
    assert caught.value.errno == errno.EOPNOTSUPP


def test_limits_of_time():
    with pipe() as (reader, _), pipe() as (_, writer):
        for limit in ({"timeout": 0.05}, {"idle": 0.05}, {"timeout": 0}):
            began = time.monotonic()
            with pytest.raises(TimeoutError) as caught:
                zsplice.copy(reader, writer, **limit)
            assert time.monotonic() - began < 5
            assert caught.value.result.side == "call"
            assert "None" not in str(caught.value)


def test_a_rate(tmp_path):
    filled(tmp_path / "from", 50_000)
    began = time.monotonic()
    zsplice.copy(tmp_path / "from", tmp_path / "to", rate=250_000)
    assert 0.1 < time.monotonic() - began < 5


@pytest.mark.parametrize("in_main_thread", [True, False])
def test_cancel(in_main_thread):
    caught = []

    def work():
        try:
            zsplice.copy(reader, writer, cancel=cancel)
        except OSError as error:
            caught.append(error)

    with pipe() as (reader, _), pipe() as (_, writer), zsplice.Cancel() as cancel:
        timer = threading.Timer(0.05, cancel.set)
        timer.start()
        if in_main_thread:
            work()
        else:
            other = threading.Thread(target=work)
            other.start()
            other.join()
        timer.join()
    assert [error.errno for error in caught] == [errno.ECANCELED]
    with pytest.raises(ValueError):
        cancel.set()


def test_a_closed_cancel_descriptor_is_an_error():
    with pipe() as (reader, writer):
        for wrong in (-1, 98765):
            with pytest.raises((OSError, ValueError)):
                zsplice.copy(reader, writer, cancel=wrong)


@pytest.mark.parametrize("in_main_thread", [True, False])
def test_progress_is_told_where_it_is_waited_for_and_may_raise(tmp_path, in_main_thread):
    filled(tmp_path / "from", 20 << 20)
    seen, outcome = [], []

    def report(so_far):
        seen.append((so_far.bytes, threading.get_ident()))
        if len(seen) == 3:
            raise LookupError("enough")
        return True

    def work():
        me = threading.get_ident()
        try:
            zsplice.copy(tmp_path / "from", tmp_path / "to", flags=Flag.NO_CLONE, progress=report)
        except LookupError as error:
            outcome.append(error.result.bytes)
        assert {ident for _, ident in seen} == {me}
        outcome.append(me)

    if in_main_thread:
        work()
    else:
        other = threading.Thread(target=work)
        other.start()
        other.join()
    assert len(seen) == 3 and seen[0][0] < seen[1][0] < seen[2][0]
    assert outcome[0] == seen[2][0] == (tmp_path / "to").stat().st_size
    assert len(outcome) == 2


def test_progress_to_the_end(tmp_path):
    filled(tmp_path / "from", 20 << 20)
    seen = []
    result = zsplice.copy(tmp_path / "from", tmp_path / "to", progress=seen.append)
    assert seen[-1].bytes == result.bytes == 20 << 20


def test_fanout_gives_everybody_everything(tmp_path):
    data = filled(tmp_path / "from")
    with open(tmp_path / "b", "wb") as b, open("/dev/full", "wb", buffering=0) as full:
        results = zsplice.fanout(tmp_path / "from", [tmp_path / "a", b, full], flags=Flag.DROP_FAILED)
        assert [result.error for result in results] == [0, 0, errno.ENOSPC]
        assert [result.index for result in results] == [0, 1, 2]
        with pytest.raises(OSError) as caught:
            zsplice.fanout(tmp_path / "from", [tmp_path / "c", full])
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.result == caught.value.results[1]
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == data
    with pytest.raises(TypeError):
        zsplice.fanout(tmp_path / "from", "abc")
    with pytest.raises(OSError):
        zsplice.fanout(tmp_path / "from", [])


def test_bridge_moves_both_ways():
    with sockets() as (client, a), sockets() as (b, server):
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        server.sendall(b"the answer")
        server.shutdown(socket.SHUT_WR)
        there, back = zsplice.bridge(a, b)
        assert (there.bytes, back.bytes, there.index, back.index) == (8, 10, 0, 1)
        assert (server.recv(99), client.recv(99)) == (b"question", b"the answer")


def test_bridge_takes_a_reader_and_a_writer():
    with pipe() as (reader, writer), pipe() as (out, into), sockets() as (a, peer):
        os.write(writer, b"to the socket")
        os.close(writer)
        peer.sendall(b"from the socket")
        peer.shutdown(socket.SHUT_WR)
        there, back = zsplice.bridge((reader, into), a, idle=5)
        assert (there.bytes, back.bytes) == (13, 15)
        assert os.read(out, 99) == b"from the socket"


def test_bridge_tells_which_direction_failed():
    with sockets() as (a, _), sockets() as (b, _peer):
        with pytest.raises(TimeoutError) as caught:
            zsplice.bridge(a, b, timeout=0.05)
        assert len(caught.value.results) == 2
