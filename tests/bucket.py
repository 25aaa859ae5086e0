"""The far side of the wire: as much of S3 as files are kept with, over HTTP, and how it fails."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from base.bucket import Bucket

NAME = "calls"
FAULT = "<?xml version='1.0'?><Error><Code>{}</Code><Message>no</Message></Error>"


class FarSide:
    """Its one bucket is called NAME. `fails` is a code that it answers everything with, `cuts` how many bytes
    it sends of what it promised. `is_google`: a file that is to be deleted has to be there."""

    url = ""

    files: dict[str, bytes]
    asked: list[tuple[str, str, str]]  # method, key, range
    fails: str
    cuts: int | None
    is_google: bool

    def __init__(self) -> None:
        self.forget()

    def answer(self, method: str, path: str, wanted: str, body: bytes) -> tuple[int, bytes]:
        place = urlsplit(path)
        bucket, _, key = unquote(place.path).strip("/").partition("/")
        self.asked.append((method, key, wanted))
        if self.fails or bucket != NAME:
            code = self.fails or "NoSuchBucket"
            return (404 if code == "NoSuchBucket" else 503), FAULT.format(code).encode()
        if method == "PUT":
            self.files[key] = body
            return 200, b""
        if method == "DELETE":
            if self.files.pop(key, None) is None and self.is_google:
                return 404, FAULT.format("NoSuchKey").encode()
            return 204, b""
        if not key:
            return 200, self._listed(parse_qs(place.query)["prefix"][0])
        if key not in self.files:
            return 404, FAULT.format("NoSuchKey").encode()
        found = self.files[key]
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
        if part is None:
            return 200, found
        return 206, found[int(part[1]) : int(part[2]) + 1 if part[2] else None]

    def _listed(self, prefix: str) -> bytes:
        keys = "".join(
            f"<Contents><Key>{key}</Key></Contents>" for key in self.files if key.startswith(prefix)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>".encode()

    def forget(self) -> None:
        self.files, self.asked, self.fails, self.cuts, self.is_google = {}, [], "", None, False

    def storage(self, bucket: str = NAME) -> Bucket:
        return Bucket(**self.options(bucket))

    def options(self, bucket: str = NAME) -> dict:
        """Of STORAGES, as config/storage.py makes them."""
        return {
            "bucket_name": bucket,
            "location": "files",
            "endpoint_url": self.url,
            "access_key": "key",
            "secret_key": "secret",
            "region_name": "eu-west-2",
            "file_overwrite": True,
        }


@contextmanager
def far_side() -> Iterator[FarSide]:
    far = FarSide()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = far.answer(self.command, self.path, self.headers.get("range", ""), sent)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: far.cuts])
            if far.cuts is not None:
                self.close_connection = True

        do_GET = do_HEAD = do_PUT = do_DELETE = _answer

        def log_message(self, *_told) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    far.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield far
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
