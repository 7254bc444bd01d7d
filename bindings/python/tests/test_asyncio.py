# SPDX-License-Identifier: MIT OR Apache-2.0
"""acopy and abridge in asyncio."""

import asyncio
import errno
import gc
import os
import select
import socket
import threading
import time

import pytest
from conftest import open_fds, pipe, sockets, threads

import zsplice


def run(coroutine):
    result = asyncio.run(coroutine)
    gc.collect()
    return result


def test_acopy_copies_while_the_loop_goes_on(tmp_path):
    (tmp_path / "from").write_bytes(b"x" * 100_000)

    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.005)
                ticks += 1

        ticking = asyncio.create_task(tick())
        result = await zsplice.acopy(tmp_path / "from", tmp_path / "to", rate=100_000)
        ticking.cancel()
        return result.bytes, ticks

    copied, ticks = run(main())
    assert copied == 100_000 and ticks > 5
    assert (tmp_path / "to").read_bytes() == b"x" * 100_000


def test_a_cancelled_task_ends_at_once_a_hundred_times():
    async def main(reader, writer):
        before, times = open_fds(), []
        for number in range(100):
            task = asyncio.create_task(zsplice.acopy(reader, writer))
            await asyncio.sleep(0.001 * (number % 3))
            began = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            times.append(time.monotonic() - began)
        assert open_fds() == before
        return times

    with pipe() as (reader, _), pipe() as (_, writer):
        times = sorted(run(main(reader, writer)))
    assert times[50] < 0.5 and times[-1] < 5, times
    assert threads() == 1


def test_a_hundred_at_once():
    async def main(reader, writer):
        tasks = [asyncio.create_task(zsplice.acopy(reader, writer)) for _ in range(100)]
        await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with pipe() as (reader, _), pipe() as (_, writer):
        assert all(isinstance(end, asyncio.CancelledError) for end in run(main(reader, writer)))
    assert threads() == 1


def test_wait_for_and_timeouts():
    async def main(reader, writer):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(zsplice.acopy(reader, writer), 0.05)
        with pytest.raises(TimeoutError) as caught:
            await zsplice.acopy(reader, writer, timeout=0.05)
        assert caught.value.result.side == "call"

    with pipe() as (reader, _), pipe() as (_, writer):
        run(main(reader, writer))


def test_what_was_delivered_before_a_cancel_is_told():
    async def main(reader, writer):
        try:
            await zsplice.acopy(reader, writer)
        except asyncio.CancelledError as error:
            return error.result.bytes

    async def cancelled(reader, writer):
        task = asyncio.create_task(main(reader, writer))
        while not select.select([delivered], [], [], 0)[0]:
            await asyncio.sleep(0.01)
        task.cancel()
        return await task

    with pipe() as (reader, into), pipe() as (delivered, writer):
        os.write(into, b"five!")
        assert run(cancelled(reader, writer)) == 5


def test_progress_is_told_in_the_loop_and_may_raise(tmp_path):
    (tmp_path / "from").write_bytes(b"x" * (20 << 20))
    seen = []

    def report(so_far):
        asyncio.get_running_loop()
        seen.append(threading.get_ident())
        if len(seen) == 2:
            raise LookupError("enough")

    with pytest.raises(LookupError) as caught:
        run(zsplice.acopy(tmp_path / "from", tmp_path / "to", flags=zsplice.Flag.NO_CLONE, progress=report))
    assert seen == 2 * [threading.get_ident()]
    assert caught.value.result.bytes == (tmp_path / "to").stat().st_size < 20 << 20


def test_a_coroutine_that_nobody_awaits_any_more():
    async def main(reader, writer):
        copying = zsplice.acopy(reader, writer)
        copying.send(None)
        copying.close()

    with pipe() as (reader, _), pipe() as (_, writer):
        run(main(reader, writer))
    assert threads() == 1


def test_errors(tmp_path):
    async def main():
        with pytest.raises(FileNotFoundError):
            await zsplice.acopy(tmp_path / "missing", tmp_path / "to")
        with pytest.raises(OSError) as caught:
            await zsplice.acopy("/proc/self/status", 98765)
        assert caught.value.errno == errno.EBADF
        with pytest.raises(TypeError):
            await zsplice.acopy(None, tmp_path / "to")

    run(main())


async def echo(reader, writer):
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


async def proxied(handle, talk):
    """A client that talks to an echo server through a proxy."""
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    outcome = asyncio.get_running_loop().create_future()

    async def serve(*arguments):
        try:
            outcome.set_result(await handle(*arguments, server.sockets[0].getsockname()))
        except Exception as error:
            outcome.set_exception(error)

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*proxy.sockets[0].getsockname())
    try:
        return await talk(reader, writer), await outcome
    finally:
        writer.close()
        proxy.close()
        server.close()
        await asyncio.sleep(0.05)


async def talk(reader, writer):
    writer.write(b"GET\n")
    assert await reader.readexactly(4) == b"GET\n"
    data = os.urandom(3 << 20)

    async def send():
        writer.write(data)
        await writer.drain()
        writer.write_eof()

    sending = asyncio.create_task(send())
    got = await reader.read()
    await sending
    assert got == data
    return len(got)


def test_abridge_takes_over_the_sockets_of_transports():
    async def handle(reader, writer, address):
        line = await reader.readline()
        writer.transport.pause_reading()
        loop = asyncio.get_running_loop()
        with socket.socket() as server:
            server.setblocking(False)
            await loop.sock_connect(server, address)
            try:
                return await zsplice.abridge(writer, server, feed_a=line)
            finally:
                writer.transport.abort()

    got, (there, back) = run(proxied(handle, talk))
    assert there.bytes == back.bytes == got + 4
    assert threads() == 1


def test_a_cancelled_bridge_leaves_nothing_behind():
    async def main(a, b):
        loop = asyncio.get_running_loop()
        for _ in range(100):
            task = asyncio.create_task(zsplice.abridge(a, b))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not loop.remove_reader(a) and not loop.remove_reader(b)

    with sockets() as (a, _peer), sockets() as (b, _other):
        a.setblocking(False)
        b.setblocking(False)
        run(main(a, b))


def test_abridge_waits_without_spinning():
    async def main(a, b):
        task = asyncio.create_task(zsplice.abridge(a, b))
        for _ in range(10):
            before = time.process_time()
            await asyncio.sleep(0.3)
            if time.process_time() - before < 0.1:
                break
        else:
            pytest.fail("it never stops using the processor")
        task.cancel()

    with sockets() as (a, peer), sockets() as (b, _other):
        a.setblocking(False)
        b.setblocking(False)
        # More than the other side takes.
        peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                peer.send(b"x" * 65536)
        peer.shutdown(socket.SHUT_WR)
        run(main(a, b))


def test_abridge_says_why_it_fails():
    async def main(a, b):
        return await zsplice.abridge(a, b)

    with sockets() as (a, peer), sockets() as (b, _other):
        with pytest.raises(OSError) as caught:
            run(main(a, b))
        assert caught.value.errno == errno.EINVAL
        a.setblocking(False)
        b.setblocking(False)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()
        with pytest.raises(ConnectionResetError) as caught:
            run(main(a, b))
        assert len(caught.value.results) == 2
