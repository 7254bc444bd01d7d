#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures bindings/python beside Python's own ways, in turn in one run, and prints a table. Needs `make`.

bench/python.py [FOLDER]    the files are made in FOLDER (build/bench)
"""

import asyncio
import os
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bindings" / "python"))
os.environ.setdefault("ZSPLICE_LIBRARY", str(ROOT / "build" / "libzsplice.so.0"))

import zsplice  # noqa: E402

MIB = 1 << 20


def in_turn(rounds, *works):
    """The median of what each returns."""
    returned = [[] for _ in works]
    for _ in range(rounds):
        for work, all_of_it in zip(works, returned):
            all_of_it.append(work())
    return [statistics.median(one) for one in returned]


def timed(work, *arguments):
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def copied(name, folder, accelerated):
    """Seconds that shutil takes for a file."""
    zsplice.accelerate_shutil(accelerated)
    try:
        return timed(shutil.copyfile, folder / name, folder / "copy")
    finally:
        zsplice.accelerate_shutil(False)
        (folder / "copy").unlink()


def files(folder):
    with open(folder / "sparse", "wb") as sparse:
        sparse.truncate(500 * MIB)
    (folder / "small").write_bytes(b"x" * 4096)
    (folder / "full").write_bytes(os.urandom(MIB) * 100)
    for name, what, rounds in (
        ("sparse", "`shutil.copyfile`, 500 MiB of holes", 3),
        ("full", "`shutil.copyfile`, 100 MiB", 5),
        ("small", "`shutil.copyfile`, 4 KiB", 100),
    ):
        theirs, ours = in_turn(
            rounds, lambda: copied(name, folder, False), lambda: copied(name, folder, True)
        )
        row(what, f"{theirs * 1e3:.2f} ms", f"{ours * 1e3:.2f} ms", theirs / ours)


def per_call(work, count=2000):
    def loop():
        for _ in range(count):
            work()

    return timed(loop) / count


def calls(folder):
    reader, writer = os.pipe()
    with open(folder / "full", "rb") as source, open(folder / "copy", "wb") as output:
        src, dst = source.fileno(), output.fileno()

        def spliced(splice):
            splice(src, writer, 4096, 0)
            os.read(reader, 4096)

        def ranged(copy_file_range):
            copy_file_range(src, dst, 1, 0, 0)

        def sent(sendfile):
            sendfile(writer, src, 0, 4096)
            os.read(reader, 4096)

        for name, work in (("splice", spliced), ("copy_file_range", ranged), ("sendfile", sent)):
            if not hasattr(os, name):
                continue
            both = getattr(os, name), getattr(zsplice, name)
            theirs, ours = in_turn(15, *(lambda call=call: per_call(lambda: work(call)) for call in both))
            row(f"`os.{name}`, one call", f"{theirs * 1e6:.1f} us", f"{ours * 1e6:.1f} us", theirs / ours)
    os.close(reader)
    os.close(writer)


def sink(listener, total):
    """Reads from one connection, with C's speed, and answers with a byte."""
    one, _ = listener.accept()
    buffer = bytearray(MIB)
    with one:
        got = 0
        while got < total:
            got += one.recv_into(buffer)
        one.sendall(b"!")


def by_streams(listener, target):
    async def handle(reader, writer):
        to_reader, to_writer = await asyncio.open_connection(*target)

        async def pump(source, output):
            while data := await source.read(1 << 16):
                output.write(data)
                await output.drain()
            output.write_eof()

        await asyncio.gather(pump(reader, to_writer), pump(to_reader, writer))
        writer.close()
        to_writer.close()

    async def main():
        done = asyncio.get_running_loop().create_future()

        async def once(*streams):
            await handle(*streams)
            done.set_result(None)

        server = await asyncio.start_server(once, sock=listener)
        await done
        server.close()

    return main()


def by_abridge(listener, target):
    async def main():
        loop = asyncio.get_running_loop()
        client, _ = await loop.sock_accept(listener)
        client.setblocking(False)
        with client, socket.socket() as server:
            server.setblocking(False)
            await loop.sock_connect(server, target)
            await zsplice.abridge(client, server)

    return main()


def proxied(proxy, total):
    """Bytes a second through a proxy that is a process of its own, and the seconds of CPU that it takes."""
    with socket.create_server(("127.0.0.1", 0)) as end, socket.create_server(("127.0.0.1", 0)) as listener:
        target = end.getsockname()
        child = os.fork()
        if child == 0:
            listener.setblocking(False)
            asyncio.run(proxy(listener, target))
            os._exit(0)
        sinking = threading.Thread(target=sink, args=(end, total))
        sinking.start()
        with socket.create_connection(listener.getsockname()) as one:
            chunk = bytes(MIB)
            began = time.perf_counter()
            for _ in range(total // MIB):
                one.sendall(chunk)
            one.recv(1)
            seconds = time.perf_counter() - began
        sinking.join()
        usage = os.wait4(child, 0)[2]
        return total / seconds, usage.ru_utime + usage.ru_stime


def proxies():
    total, rounds = 512 * MIB, 5
    measured = [[proxied(proxy, total) for proxy in (by_streams, by_abridge)] for _ in range(rounds)]
    speeds, times = [[statistics.median(one[at][what] for one in measured) for at in (0, 1)] for what in (0, 1)]
    row("asyncio proxy, bulk", *(f"{speed / 2**30:.2f} GiB/s" for speed in speeds), speeds[1] / speeds[0])
    row("its CPU time for 512 MiB", *(f"{seconds * 1e3:.0f} ms" for seconds in times), times[0] / times[1])


def row(what, theirs, ours, ratio):
    digits = 2 if ratio < 10 else 0
    print(f"| {what} | {theirs} | {ours} | {ratio:.{digits}f} |")


def main():
    place = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "bench"
    Path(place).mkdir(parents=True, exist_ok=True)
    print("| work | Python | zsplice | times as fast |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=place) as folder:
        files(Path(folder))
        calls(Path(folder))
    proxies()


if __name__ == "__main__":
    main()
