# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs the Python of README.md: readme.py LIBRARY README"""

import ctypes
import os
import signal
import sys
import threading
import time

library, readme = sys.argv[1:]
block = open(readme, encoding="utf-8").read().split("```python\n")[1].split("```")[0]
exec(block.replace("libzsplice.so.0", library))  # pylint: disable=exec-used


def copies_all():
    (from_in, into_in), (from_out, into_out) = os.pipe(), os.pipe()
    os.write(into_in, b"moved, and not")
    assert copy(from_in, into_out, 5) == 5
    os.close(into_in)
    assert copy(from_in, into_out) == 9
    assert os.read(from_out, 100) == b"moved, and not"


def fails_with_errno():
    try:
        copy(-1, 1)
    except OSError as error:
        assert error.errno == 9, error
    else:
        raise AssertionError("copied from nowhere")


def signal_later(number):
    main = threading.main_thread().ident
    timer = threading.Timer(0.2, signal.pthread_kill, (main, number))
    timer.start()
    return timer


def interrupt_ends_it():
    (from_in, into_in), (_, into_out) = os.pipe(), os.pipe()
    os.write(into_in, b"and then nothing")
    # So that without interrupts it ends, too, and the test fails.
    ending = threading.Timer(5, os.close, (into_in,))
    ending.start()
    signal_later(signal.SIGINT)
    began = time.monotonic()
    try:
        copy(from_in, into_out)
    except KeyboardInterrupt:
        assert time.monotonic() - began < 3
    else:
        raise AssertionError("not interrupted")
    finally:
        ending.cancel()


def other_signals_do_not():
    (from_in, into_in), (from_out, into_out) = os.pipe(), os.pipe()
    seen = []
    signal.signal(signal.SIGUSR1, lambda number, frame: (seen.append(number), os.close(into_in)))
    os.write(into_in, b"all of it")
    signal_later(signal.SIGUSR1)
    assert copy(from_in, into_out) == 9
    assert seen == [signal.SIGUSR1]
    assert os.read(from_out, 100) == b"all of it"


signal.alarm(30)
copies_all()
fails_with_errno()
interrupt_ends_it()
other_signals_do_not()
