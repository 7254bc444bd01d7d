# SPDX-License-Identifier: MIT OR Apache-2.0
"""Signals, threads and fork while a transfer waits."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from conftest import LIMIT, PACKAGE, pipe, signals_after, sockets, threads

import zsplice


def silent(call):
    """Calls it with an input that says nothing and an output."""
    with pipe() as (reader, _), pipe() as (_, writer):
        call(reader, writer)


def bridged(reader, writer):
    with sockets() as (a, _peer):
        zsplice.bridge((reader, writer), a)


WAITS = {
    "copy": zsplice.copy,
    "copy with limits": lambda reader, writer: zsplice.copy(reader, writer, timeout=60, rate=10),
    "copy with progress": lambda reader, writer: zsplice.copy(reader, writer, progress=lambda so_far: None),
    "fanout": lambda reader, writer: zsplice.fanout(reader, [writer]),
    "bridge": bridged,
    "splice": lambda reader, writer: zsplice.splice(reader, writer, 10),
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())
def test_ctrl_c_ends_it_at_once(wait):
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), signals_after(0.1):
        silent(wait)
    assert time.monotonic() - began < 5
    assert threads() == 1


def test_ctrl_c_ends_what_never_waits():
    # On a busy machine it may not have begun yet.
    for seconds in (0.1, 1, 5):
        began = time.monotonic()
        with open("/dev/zero", "rb") as zero, open(os.devnull, "wb") as null:
            with pytest.raises(KeyboardInterrupt) as caught, signals_after(seconds):
                zsplice.copy(zero, null)
        assert time.monotonic() - began < seconds + 5
        result = getattr(caught.value, "result", None)
        if result and result.bytes > 0:
            return
    pytest.fail("nothing was copied before it ended")


def test_ctrl_c_again_and_again():
    ended = 0
    with pipe() as (reader, _), pipe() as (_, writer):
        for number in range(50):
            try:
                with signals_after(0.0002 * (number % 10)):
                    zsplice.copy(reader, writer, timeout=LIMIT)
            except KeyboardInterrupt:
                ended += 1
    assert ended == 50
    assert threads() == 1


def test_ctrl_c_at_any_moment_of_a_call():
    """Signals of a timer, which are as late as the call is long."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    ended = 0
    with pipe() as (reader, _), pipe() as (_, writer):
        for number in range(300):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-5 + 2e-6 * number)
                zsplice.copy(reader, writer, timeout=LIMIT)
            except KeyboardInterrupt:
                ended += 1
    signal.signal(signal.SIGALRM, before)
    assert ended == 300
    assert threads() == 1


def test_ctrl_c_in_the_progress_function():
    def report(so_far):
        signal.raise_signal(signal.SIGINT)
        time.sleep(5)

    with open("/dev/zero", "rb") as zero, open(os.devnull, "wb") as null, pytest.raises(KeyboardInterrupt):
        zsplice.copy(zero, null, progress=report)


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGCHLD])
def test_a_signal_that_is_handled_loses_nothing(number):
    """The transfer holds bytes in flight when it comes."""
    size = 32 << 20
    handled, got = [], []
    before = signal.signal(number, lambda *_: handled.append(number))

    def send():
        a.sendall(b"x" * size)
        a.shutdown(socket.SHUT_WR)

    def receive():
        # Until then there is no room for all of it: the handler runs while the transfer waits.
        while not handled:
            time.sleep(0.01)
        for chunk in iter(lambda: d.recv(1 << 16), b""):
            got.append(len(chunk))

    with sockets() as (a, b), sockets() as (c, d), signals_after(0.1, number):
        workers = [threading.Thread(target=work) for work in (send, receive)]
        for worker in workers:
            worker.start()
        assert zsplice.copy(b, c).bytes == size
        c.shutdown(socket.SHUT_WR)
        for worker in workers:
            worker.join()
    signal.signal(number, before)
    assert sum(got) == size
    assert len(handled) == 1


def test_a_handler_that_raises_ends_it():
    def handler(*_):
        raise LookupError("from a handler")

    before = signal.signal(signal.SIGUSR1, handler)
    with pytest.raises(LookupError), signals_after(0.1, signal.SIGUSR1):
        silent(zsplice.copy)
    signal.signal(signal.SIGUSR1, before)


def test_a_handler_may_copy(tmp_path):
    (tmp_path / "from").write_bytes(b"bytes")

    def handler(*_):
        zsplice.copy(tmp_path / "from", tmp_path / "to", progress=lambda so_far: None)
        os.write(writer, b"done")
        os.close(writer)

    before = signal.signal(signal.SIGUSR1, handler)
    with pipe() as (reader, writer), pipe() as (_, into), signals_after(0.1, signal.SIGUSR1):
        assert zsplice.copy(reader, into).bytes == 4
    signal.signal(signal.SIGUSR1, before)
    assert (tmp_path / "to").read_bytes() == b"bytes"


def test_other_threads_run_meanwhile():
    def count(into):
        # As much as one turn of the interpreter would not do.
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass
        os.write(into, b"x")

    with pipe() as (reader, into), pipe() as (_, writer):
        counter = threading.Thread(target=count, args=(into,))
        counter.start()
        assert zsplice.copy(reader, writer, 1, timeout=LIMIT / 2).bytes == 1
        counter.join()


def test_many_threads_at_once(tmp_path):
    data = os.urandom(1 << 20)
    (tmp_path / "from").write_bytes(data)
    workers = [
        threading.Thread(target=zsplice.copy, args=(tmp_path / "from", tmp_path / f"to{number}"))
        for number in range(20)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all((tmp_path / f"to{number}").read_bytes() == data for number in range(20))


def test_after_fork_it_works_in_the_child(tmp_path):
    (tmp_path / "from").write_bytes(b"bytes")
    zsplice.copy(tmp_path / "from", tmp_path / "to")
    threads()
    child = os.fork()
    if child == 0:
        with pipe() as (reader, writer), pipe() as (_, into):
            os.write(writer, b"bytes")
            os.close(writer)
            moved = zsplice.copy(reader, into).bytes
        os._exit(0 if moved == 5 else 1)
    assert os.waitpid(child, 0)[1] == 0


def run(script, *options, **environment):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), **environment}
    return subprocess.run(
        [sys.executable, *options, "-c", script], env=environment, capture_output=True, text=True, timeout=30
    )


def test_a_missing_library_is_an_import_error_that_says_what_to_do():
    ended = run("import zsplice", ZSPLICE_LIBRARY="/nowhere/libzsplice.so.0")
    assert ended.returncode == 1
    assert "ImportError: zsplice needs the shared library libzsplice.so.0: /nowhere/" in ended.stderr
    assert "make install" in ended.stderr and "ZSPLICE_LIBRARY" in ended.stderr
    ended = run("import zsplice", ZSPLICE_LIBRARY="libc.so.6")
    assert "ImportError" in ended.stderr and "zs_copy" in ended.stderr


def test_it_goes_on_while_the_interpreter_ends():
    script = """
import atexit, os, zsplice
def late():
    reader, writer = os.pipe()
    os.write(writer, b'late')
    os.close(writer)
    out, into = os.pipe()
    print(zsplice.copy(reader, into).bytes)
atexit.register(late)
"""
    ended = run(script)
    assert (ended.stdout, ended.stderr) == ("4\n", "")


def test_a_subinterpreter_imports_it_or_says_why_not():
    script = """
try:
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
except ImportError:
    raise SystemExit(print("none"))
one = interpreters.create()
result = interpreters.run_string(one, '''
try:
    import os, zsplice
    r, w = os.pipe(); os.write(w, b"x"); os.close(w); o, i = os.pipe()
    assert zsplice.copy(r, i).bytes == 1
except ImportError as error:
    pass
''')
assert result is None, result
interpreters.destroy(one)
print("well")
"""
    ended = run(script)
    assert ended.stdout in ("well\n", "none\n"), ended


def test_a_sigpipe_that_kills_still_does(tmp_path):
    script = """
import os, signal, zsplice
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
reader, writer = os.pipe()
os.write(writer, b'x')
gone, into = os.pipe()
os.close(gone)
zsplice.copy(reader, into)
"""
    assert run(script).returncode == -signal.SIGPIPE


def test_asyncio_and_shutil_are_not_imported_with_it():
    script = "import sys, zsplice; print([name for name in ('asyncio', 'shutil', 'tempfile') if name in sys.modules])"
    ended = run(script)
    assert ended.stdout == "[]\n", ended
