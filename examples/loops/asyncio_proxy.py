#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A proxy in asyncio's event loop, through which no byte passes in Python: forwards connections from one port
to another, both at 127.0.0.1.

    asyncio_proxy.py LISTEN CONNECT
"""
import asyncio
import ctypes
import os
import select
import socket
import struct
import sys

EVENTS_ALL, WANT_RUN, NOSIGPIPE, SIDE_IN = 0xFFFFFFFF, 4, 0x4, 1


class Result(ctypes.Structure):
    """struct zs_result"""

    _fields_ = [(name, ctypes.c_uint64) for name in ("bytes", "in_flight", "copied", "holes")]
    _fields_ += [(name, ctypes.c_uint32) for name in ("via", "side", "error", "refused", "refusal", "index")]
    _fields_ += [("spare", ctypes.c_uint32 * 2)]


zsplice = ctypes.CDLL("libzsplice.so.0", use_errno=True)
zsplice.zs_duplex_new.restype = ctypes.c_void_p
zsplice.zs_duplex_new.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint]
zsplice.zs_duplex_run.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint64]
zsplice.zs_duplex_wants.argtypes = [ctypes.c_void_p] + 2 * [ctypes.POINTER(ctypes.c_uint)]
zsplice.zs_duplex_result.argtypes = [ctypes.c_void_p, ctypes.POINTER(Result)]
zsplice.zs_duplex_free.argtypes = [ctypes.c_void_p]
zsplice.zs_duplex_wants.restype = zsplice.zs_duplex_result.restype = zsplice.zs_duplex_free.restype = None


class Duplex:
    """Two sockets that do not block, and the future that is done when both directions are over."""

    def __init__(self, a, b):
        self.sockets, self.loop = (a, b), asyncio.get_running_loop()
        self.over = self.loop.create_future()
        self.handle = zsplice.zs_duplex_new(a.fileno(), b.fileno(), None, NOSIGPIPE)
        if not self.handle:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def run(self, events_a, events_b):
        if self.over.done():
            return
        outcome = zsplice.zs_duplex_run(self.handle, events_a, events_b, 0)
        if outcome == 1:
            self.watch()
        elif outcome == WANT_RUN:
            self.loop.call_soon(self.run, 0, 0)
        elif outcome == 0:
            self.over.set_result(None)
        else:
            error = ctypes.get_errno()
            self.over.set_exception(OSError(error, os.strerror(error)))

    def watch(self):
        """The loop is level-triggered: it is to call back for what is wanted, and for nothing else."""
        wanted = ctypes.c_uint(), ctypes.c_uint()
        zsplice.zs_duplex_wants(self.handle, *map(ctypes.byref, wanted))
        for side, (one, events) in enumerate(zip(self.sockets, wanted)):
            self.call(self.loop.add_reader, self.loop.remove_reader, one, side, events.value & select.POLLIN)
            self.call(self.loop.add_writer, self.loop.remove_writer, one, side, events.value & select.POLLOUT)

    def call(self, add, remove, one, side, event):
        if event:
            add(one, self.run, event if side == 0 else 0, event if side == 1 else 0)
        else:
            remove(one)

    def close(self):
        for one in self.sockets:
            self.loop.remove_reader(one)
            self.loop.remove_writer(one)
        results = (Result * 2)()
        zsplice.zs_duplex_result(self.handle, results)
        zsplice.zs_duplex_free(self.handle)
        for result, output in zip(results, reversed(self.sockets)):
            if result.side == SIDE_IN:
                # Its peer has to see that it got only a part: closing sends a reset.
                output.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def forward(client, server):
    duplex = Duplex(client, server)
    try:
        duplex.run(EVENTS_ALL, EVENTS_ALL)
        await duplex.over
    finally:
        duplex.close()


async def serve(client, port):
    with client, socket.socket() as server:
        server.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(server, ("127.0.0.1", port))
            await forward(client, server)
        except OSError as error:
            print(error, file=sys.stderr)


async def main(listen, connect):
    loop, tasks = asyncio.get_running_loop(), set()
    with socket.create_server(("127.0.0.1", listen)) as listener:
        listener.setblocking(False)
        print("listening at 127.0.0.1:%d" % listener.getsockname()[1], file=sys.stderr, flush=True)
        while True:
            client, _ = await loop.sock_accept(listener)
            client.setblocking(False)
            task = loop.create_task(serve(client, connect))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
