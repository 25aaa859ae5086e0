"""Sound files, and a platform that hands them out."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import soundfile
from django.core.files.storage import FileSystemStorage

RATE = 8_000


def tone(seconds: float, loud: float = 0.5) -> np.ndarray:
    return loud * np.sin(2 * np.pi * 220 * np.arange(int(RATE * seconds)) / RATE)


def sound(*channels: np.ndarray, form: str = "WAV") -> bytes:
    into = io.BytesIO()
    soundfile.write(into, np.stack(channels, axis=1), RATE, format=form)
    return into.getvalue()


def a_call() -> bytes:
    """Ten seconds: the caller speaks from 1 to 2 s, the agent from 3 to 5 s, half as loud."""
    caller, agent = np.zeros(RATE * 10), np.zeros(RATE * 10)
    caller[RATE : RATE * 2] = tone(1)
    agent[RATE * 3 : RATE * 5] = tone(2, 0.25)
    return sound(caller, agent)


class Folder(FileSystemStorage):
    """A storage in which something may happen just after a file was saved."""

    then: Callable[[], object] | None = None

    def _save(self, name, content):
        saved = super()._save(name, content)
        if Folder.then is not None:
            Folder.then()
        return saved


@dataclass
class Platform:
    url: str = ""
    answers: dict[str, tuple] = field(default_factory=dict)  # path → (status, headers, body)
    asked: list[str] = field(default_factory=list)

    def has(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        self.answers[path] = (status, headers, body)
        return self.url + path


@contextmanager
def platform() -> Iterator[Platform]:
    """A server of its own thread."""
    played = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            played.asked.append(self.path)
            status, headers, body = played.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in ({"content_length": str(len(body))} | headers).items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_told) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield played
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
