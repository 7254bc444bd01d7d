# SPDX-License-Identifier: MIT OR Apache-2.0
"""Duplex and Pool in a poll loop of one's own, and used as they must not be."""

import errno
import gc
import select
import socket
import threading
import time

import pytest
from conftest import sockets

import zsplice


def drive(duplex, a, b):
    """The loop of zs_duplex(3), with poll(2)."""
    events = zsplice.EVENTS_ALL, zsplice.EVENTS_ALL
    while outcome := duplex.run(*events):
        events = 0, 0
        if outcome == 1:
            poller = select.poll()
            for one, wanted in zip((a, b), duplex.wants()):
                if wanted:
                    poller.register(one, wanted)
            reported = dict(poller.poll(10_000))
            assert reported
            events = reported.get(a.fileno(), 0), reported.get(b.fileno(), 0)


@pytest.mark.parametrize("pooled", [True, False])
def test_it_moves_both_ways(pooled):
    data = b"0123456789" * 200_000
    with sockets() as (client, a), sockets() as (b, server):
        a.setblocking(False)
        b.setblocking(False)
        pool = zsplice.Pool(4) if pooled else None
        with zsplice.Duplex(a, b, pool=pool) as duplex:
            duplex.feed(0, b"fed before ")
            driver = threading.Thread(target=drive, args=(duplex, a, b))
            driver.start()
            sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
            sender.start()
            got = b"".join(iter(lambda: server.recv(1 << 16), b""))
            server.sendall(b"thanks")
            server.shutdown(socket.SHUT_WR)
            assert client.recv(99) == b"thanks"
            sender.join()
            driver.join()
            there, back = duplex.results
        assert got == b"fed before " + data
        assert (there.bytes, back.bytes) == (len(got), 6)
        if pool:
            pool.close()


def test_what_is_closed_cannot_be_used():
    with sockets() as (a, b):
        a.setblocking(False)
        b.setblocking(False)
        pool = zsplice.Pool(1)
        duplex = zsplice.Duplex(a, b, pool=pool)
        pool.close()
        # The duplex still has it.
        assert duplex.run() == 1
        duplex.close()
        duplex.close()
        for use in (duplex.run, duplex.wants, lambda: duplex.feed(0, b""), lambda: duplex.results):
            with pytest.raises(ValueError, match="closed"):
                use()
        with pytest.raises(ValueError):
            zsplice.Duplex(a, b, pool=pool)
        pool.close()


def test_wrong_arguments():
    with sockets() as (a, b):
        with pytest.raises(OSError) as caught:
            zsplice.Duplex(a, b)
        assert caught.value.errno == errno.EINVAL
        a.setblocking(False)
        b.setblocking(False)
        for wrong in ((None, b), ("a", b), (a, 1.5)):
            with pytest.raises(TypeError):
                zsplice.Duplex(*wrong)
        with pytest.raises(OSError):
            zsplice.Duplex(a, b, flags=zsplice.Flag.CLONE)
        for wrong in (-1, 2**40):
            with pytest.raises(OverflowError):
                zsplice.Pool(wrong)
        with zsplice.Duplex(a, b) as duplex:
            for wrong in ((2, b"x"), (-1, b"x")):
                with pytest.raises(OverflowError):
                    duplex.feed(*wrong)
            with pytest.raises(TypeError):
                duplex.feed(0, "text")
            with pytest.raises(TypeError):
                duplex.run("x")


def test_rubbish_is_freed_in_whatever_order():
    with sockets() as (a, b):
        a.setblocking(False)
        b.setblocking(False)
        for _ in range(50):
            pool = zsplice.Pool(1)
            pool.duplex = zsplice.Duplex(a, b, pool=pool)
            pool.duplex.run()
            del pool
        gc.collect()


def test_threads_that_use_one_at_once_are_told():
    told, stop = [], time.monotonic() + 0.5
    with sockets() as (a, peer), sockets() as (b, _other):
        a.setblocking(False)
        b.setblocking(False)
        peer.sendall(b"x" * 100_000)
        with zsplice.Duplex(a, b) as duplex:

            def use():
                while time.monotonic() < stop:
                    try:
                        duplex.run()
                    except RuntimeError as error:
                        told.append(error)

            users = [threading.Thread(target=use) for _ in range(4)]
            for user in users:
                user.start()
            for user in users:
                user.join()
            assert duplex.results[0].bytes == 100_000
    assert all("in use" in str(error) for error in told)
