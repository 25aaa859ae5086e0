"""A test delivery, sent to servers that answer in every way a server may, and to none."""

import json
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from platforms.retell import webhooks as retell
from tests.sdks import retell_takes
from webhooks.setup import trial

HASTE = httpx.Timeout(0.3, connect=0.3)


class Answering(BaseHTTPRequestHandler):
    """Says what its server was told to say, and keeps what it was asked."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.path, headers, body))
        if self.server.answer is None:
            self.server.over.wait(10)  # says nothing until the test is done
            return
        status, said = self.server.answer
        if status == 0:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.send_header("Location", "https://elsewhere.example")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_) -> None:
        pass


@contextmanager
def server(answer, tls: ssl.SSLContext | None = None):
    serving = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    serving.answer, serving.asked, serving.over = answer, [], threading.Event()
    serving.url = f"http{'s' if tls else ''}://127.0.0.1:{serving.server_port}"
    if tls:
        serving.socket = tls.wrap_socket(serving.socket, server_side=True)
    thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield serving
    finally:
        serving.over.set()
        serving.shutdown()
        thread.join(10)
        serving.server_close()


def test_what_is_sent_is_what_the_platform_would_send(connection, settings):
    with server((200, b'{"status": "accepted"}')) as there:
        settings.EARSHOT_URL = there.url
        result = trial.send(connection)
    path, headers, body = there.asked[0]

    assert result.ok
    assert result.said.startswith("Accepted in ")
    assert path == f"/webhooks/retell/{connection.pk}"
    assert json.loads(body)["event"] == "earshot_test"
    assert retell.verify(body, headers, [connection.webhook_secret], timezone.now())
    assert retell_takes(
        body.decode(), api_key=connection.webhook_secret, signature=headers["x-retell-signature"]
    )


def test_two_tests_are_two_deliveries(connection, settings):
    with server((200, b'{"status": "accepted"}')) as there:
        settings.EARSHOT_URL = there.url
        trial.send(connection)
        trial.cache.delete(f"setup-trial:{connection.pk}")
        trial.send(connection)

    assert there.asked[0][2] != there.asked[1][2]


def test_one_test_at_a_time(connection, settings):
    with server((200, b'{"status": "accepted"}')) as there:
        settings.EARSHOT_URL = there.url
        trial.send(connection)
        with pytest.raises(trial.TooSoon):
            trial.send(connection)

    assert len(there.asked) == 1


@pytest.mark.parametrize(
    ("answer", "said", "means"),
    [
        ((200, b"<h1>Welcome</h1>"), "Something answered 200 in", "look at the proxy"),
        ((200, b"[]"), "Something answered 200 in", "look at the proxy"),
        ((200, b"\xff" * 9_000), "Something answered 200 in", "look at the proxy"),
        ((301, b""), "Answered 301 in", "Platforms follow no redirects."),
        ((401, b"{}"), "Answered 401 in", "does not accept this secret"),
        ((404, b""), "Answered 404 in", "knows no such connection"),
        ((503, b""), "Answered 503 in", "overloaded, or its database is away"),
        ((502, b""), "Answered 502 in", "look at the proxy"),
        ((0, b""), "broke before an answer.", "that a proxy listens there"),
        (None, "gave no answer within 0.3 s.", "nobody answers"),
    ],
)
def test_it_says_what_came_back(connection, settings, answer, said, means):
    with server(answer) as there:
        settings.EARSHOT_URL = there.url
        result = trial.send(connection, HASTE)

    assert not result.ok
    assert said in result.said
    assert means in result.means
    assert len(there.asked) == 1


def test_a_dead_port_is_refused(connection, settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        settings.EARSHOT_URL = f"http://127.0.0.1:{port}"
        result = trial.send(connection, HASTE)

    assert result.said == f"Nothing listens at 127.0.0.1:{port}: the connection was refused."


def test_a_name_nobody_has_is_not_found(connection, settings):
    settings.EARSHOT_URL = "https://earshot.invalid"

    assert trial.send(connection).said == "earshot.invalid is not a name that can be found (DNS)."


def test_a_server_that_takes_no_more_is_given_up(connection, settings):
    with socket.socket() as full, socket.socket() as first:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        first.connect(("127.0.0.1", port))  # the one place in the queue, and nobody takes it from there
        settings.EARSHOT_URL = f"http://127.0.0.1:{port}"
        result = trial.send(connection, HASTE)

    assert result.said == f"No connection to 127.0.0.1:{port} within 0.3 s."


@pytest.fixture
def self_signed(tmp_path) -> ssl.SSLContext:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "self-signed.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_certificate_nobody_vouches_for_is_named(connection, settings, self_signed):
    with server((200, b'{"status": "accepted"}'), self_signed) as there:
        settings.EARSHOT_URL = there.url
        result = trial.send(connection, httpx.Timeout(5))

    assert result.said == f"TLS failed at {there.url[8:]}: self-signed certificate."
    assert there.asked == []


def test_tls_where_there_is_none_is_named(connection, settings):
    with server((200, b"")) as there:
        settings.EARSHOT_URL = there.url.replace("http:", "https:")
        result = trial.send(connection, httpx.Timeout(5))

    assert result.said.startswith(f"TLS failed at {there.url[7:]}: ")
