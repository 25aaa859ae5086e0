"""The web server: the socket it is handed, and how it treats a connection."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
import uvicorn

from base.processes import CannotStart
from config.env import BASE_DIR
from config.listening import BACKLOG, handed_down, listen
from config.server import server_config
from tests.config.running import wait_for


async def hello(scope, receive, send):
    if scope["type"] == "http":
        said = dict(scope["headers"]).get(b"cookie", b"hi")
        length = (b"content-length", str(len(said)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": said})


@pytest.fixture
def server():
    """A server as `serve` configures it, on a socket it was handed, in a thread."""
    listening = listen("127.0.0.1", 0)
    running = uvicorn.Server(server_config(hello))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    wait_for(lambda: running.started)
    running.address = listening.getsockname()
    yield running
    running.should_exit = True
    thread.join(10)


def test_small_writes_leave_at_once(server):
    with socket.create_connection(server.address) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert browser.recv(1000).startswith(b"HTTP/1.1 200")
        (connection,) = server.server_state.connections
        theirs = connection.transport.get_extra_info("socket")

        assert theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_it_does_not_say_what_it_is(server):
    with socket.create_connection(server.address) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"uvicorn" not in browser.recv(1000).lower()


@pytest.mark.parametrize(
    ("begun", "goes_on"),
    [
        (b"GET /", b"a" * 60_000),
        (b"GET / HTTP/1.1\r\nCookie: ", b"a" * 60_000),
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n" * 10_000),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n" * 10_000),
    ],
)
def test_a_head_without_end_costs_a_stranger_the_connection(server, begun, goes_on):
    with socket.create_connection(server.address, timeout=30) as browser:
        with suppress(ConnectionError):
            browser.sendall(begun)
            for _ in range(100):
                browser.sendall(goes_on)

        wait_for(lambda: not server.server_state.connections)


@pytest.mark.parametrize("head", [b"Cookie: " + b"a" * 70_000 + b"\r\n", b"A: 1\r\n" * 300])
def test_a_long_head_is_a_400(server, head):
    with socket.create_connection(server.address, timeout=30) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\n" + head + b"\r\n")

        assert browser.recv(1000).startswith(b"HTTP/1.1 400")


def test_a_cookie_that_takes_long_to_read_is_not_told(server):
    slow = b'c="' + b"\\" * 40_000 + b'"'
    with socket.create_connection(server.address, timeout=30) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1; " + slow + b'; d="2"; last=3\r\n\r\n')
        answer = b""
        while not answer.endswith(b"last=3"):
            answer += browser.recv(1000)

    assert answer.endswith(b'\r\n\r\na=1; d="2"; last=3')


def test_a_body_may_be_longer_than_a_head(server):
    head, body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n", b"a" * 3_000_000
    with socket.create_connection(server.address, timeout=30) as browser:
        for _ in range(2):
            browser.sendall(head + body)
            answer = b""
            while not answer.endswith(b"hi"):
                answer += browser.recv(1000)
            assert answer.startswith(b"HTTP/1.1 200")


def test_attempts_wait_while_nobody_serves():
    with listen("127.0.0.1", 0) as listening:
        early = [socket.create_connection(listening.getsockname()) for _ in range(200)]
        for browser in early:
            browser.close()

    assert BACKLOG >= 1000


@pytest.mark.parametrize("port", [70_000, -1])
def test_a_port_that_cannot_be_is_one_sentence(port):
    with pytest.raises(CannotStart, match=str(port)):
        listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("fd", "why"),
    [(-1, "negative"), (10**6, "Bad file descriptor"), (2**70, "large"), (None, "nobody listens")],
)
def test_what_is_handed_down_must_be_listening(fd, why):
    with socket.socket() as idle, pytest.raises(CannotStart, match=why):
        handed_down(os.dup(idle.fileno()) if fd is None else fd)


@pytest.mark.processes
def test_it_serves_a_socket_opened_by_another_process():
    listening = listen("127.0.0.1", 0)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--fd", str(listening.fileno())],
        cwd=BASE_DIR,
        env=os.environ.copy() | {"DATABASE_URL": os.environ["DATABASE_URL"]},
        pass_fds=[listening.fileno()],
    )
    try:
        with socket.create_connection(listening.getsockname(), timeout=30) as browser:
            browser.sendall(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = browser.recv(1000)
    finally:
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        listening.close()

    assert answer.startswith(b"HTTP/1.1 404")
    assert time.monotonic() - began < 10


@pytest.mark.processes
def test_under_up_it_starts_while_its_servers_are_away():
    away = {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing", "REDIS_URL": "redis://127.0.0.1:9/0"}
    with listen("127.0.0.1", 0) as listening:
        fd = listening.fileno()
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--fd", str(fd)],
            cwd=BASE_DIR,
            env=os.environ | away,
            pass_fds=[fd],
            stdin=subprocess.DEVNULL,
        )
        try:
            with socket.create_connection(listening.getsockname(), timeout=60) as browser:
                browser.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert browser.recv(1000).startswith(b"HTTP/1.1 200")
        finally:
            process.terminate()
            process.wait(20)
