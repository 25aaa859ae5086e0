"""The least a Python server can do: `transport.write` of shared bytes on uvloop. See native/floor.c.

python -m bench.floor TCPPORT UDPPORT
"""

import asyncio
import sys

import uvloop

CALLS = 20
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: ok\n\n"
readers: list[set[asyncio.WriteTransport]] = [set() for _ in range(CALLS)]


class Reader(asyncio.Protocol):
    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(HEAD)
        asked = data.split(b" ", 2)[1].rsplit(b"/", 1)[1]
        for call in range(CALLS) if asked == b"all" else [int(asked)]:
            readers[call].add(self.transport)

    def connection_lost(self, error) -> None:
        for those in readers:
            those.discard(self.transport)


class News(asyncio.DatagramProtocol):
    def datagram_received(self, data: bytes, address) -> None:
        frame = data[3:]
        for transport in readers[int(data[:2])]:
            transport.write(frame)


async def main(tcp: int, udp: int) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(News, ("127.0.0.1", udp))
    server = await loop.create_server(Reader, "127.0.0.1", tcp, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
