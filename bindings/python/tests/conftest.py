# SPDX-License-Identifier: MIT OR Apache-2.0
"""What several tests need. ZSPLICE_LIBRARY names the library to test."""

import os
import resource
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent
PROJECT = PACKAGE.parent.parent
sys.path.insert(0, str(PACKAGE))

# No test waits longer than this.
LIMIT = 60


def skip(reason):
    """Skips the calling test, unless nothing may be skipped (CI)."""
    if os.environ.get("CI", "false") not in ("", "false"):
        pytest.fail(f"CI=true, but skipped: {reason}")
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _limited():
    """A test that hangs dies."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)


def _too_long(*_):
    raise TimeoutError("the test took too long")


@pytest.fixture(autouse=True)
def _leaves_no_descriptor(request):
    before = open_fds()
    yield
    assert open_fds() == before


def open_fds():
    return sorted(fd for fd in map(int, os.listdir("/proc/self/fd")) if _is_open(fd))


def _is_open(fd):
    # The one of the folder itself is closed by now.
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def threads():
    """How many threads this process has, once those that end have ended."""
    for _ in range(1000):
        count = len(os.listdir("/proc/self/task"))
        if count == 1:
            break
        time.sleep(0.01)
    return count


@contextmanager
def pipe(flags=0):
    fds = os.pipe2(flags)
    try:
        yield fds
    finally:
        for fd in fds:
            try:
                os.close(fd)
            except OSError:
                pass


@contextmanager
def sockets():
    """Two connected sockets of TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        a = socket.create_connection(listener.getsockname())
        b, _ = listener.accept()
    with a, b:
        yield a, b


@contextmanager
def signals_after(seconds, number=signal.SIGINT):
    """Sends a signal to the main thread from another one."""
    main = threading.main_thread().ident
    timer = threading.Timer(seconds, lambda: signal.pthread_kill(main, number))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


@contextmanager
def file_size_limit(size):
    """Files may not grow beyond: EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
