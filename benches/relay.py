#!/usr/bin/env python3
"""A path with a long round trip: relays ports from one loopback address to another, with delay.

    relay.py MILLISECONDS FROM-ADDRESS TO-ADDRESS FIRST-PORT LAST-PORT

Each direction is delayed by half of the round trip. The kernel answers a connect on loopback at
once, so the connect's own round trip is added to what follows it: the other side sees the
connection half a round trip after it was made, what is sent at once arrives as if it had been
sent a round trip later, and nothing comes back before a whole round trip is over.
Prints "ready" when it listens on all ports.
"""

import asyncio
import selectors
import socket
import sys


async def pipe(reader, writer, delay, earliest):
    """Copies with a delay; what is read before `earliest` counts as sent then."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue = asyncio.Queue(maxsize=4096)

    async def deliver():
        while True:
            due, data = await queue.get()
            wait = due - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            if data is None:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    try:
        while True:
            data = await reader.read(1 << 16)
            await queue.put((max(loop.time(), earliest) + delay, data or None))
            if not data:
                break
    except OSError:
        await queue.put((max(loop.time(), earliest) + delay, None))
    try:
        await delivery
    except OSError:
        pass


async def main():
    trip, near, far = float(sys.argv[1]) / 1000, sys.argv[2], sys.argv[3]
    half = trip / 2
    loop = asyncio.get_running_loop()

    def handler(port):
        async def handle(reader, writer):
            begun = loop.time()
            await asyncio.sleep(half)
            try:
                up_reader, up_writer = await asyncio.open_connection(far, port)
            except OSError:
                writer.transport.abort()
                return
            for end in (writer, up_writer):
                end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.gather(
                pipe(reader, up_writer, half, begun + trip),
                pipe(up_reader, writer, half, begun + half),
            )
            for end in (writer, up_writer):
                end.close()

        return handle

    for port in range(int(sys.argv[4]), int(sys.argv[5]) + 1):
        await asyncio.start_server(handler(port), near, port)
    print("ready", flush=True)
    await asyncio.Event().wait()


# epoll counts in milliseconds, rounded up, which would make each trip two of them longer;
# select counts in microseconds.
loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
loop.run_until_complete(main())
