"""Signed webhooks of 2 KB, as whole HTTP requests in a file; and the connection they come to.

`python -m bench.deliveries` makes the connection in the database that the environment names, and says it.
"""

import json
import os
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from platforms.retell import webhooks as retell
from webhooks import redaction

SIZE = 2048
_SAID = "I would like to know why the power is out again, and when it will be back. " * 40
SECRET = "a benchmark's secret, long enough"
_HEAD = "\r\n".join(
    [
        "POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: axios/1.7.2",
        "Accept: */*",
        "Accept-Encoding: gzip",
        "Content-Type: application/json",
        "X-Retell-Signature: {signature}",
        "X-Forwarded-For: 100.20.5.228",
        "X-Forwarded-Proto: https",
        "Content-Length: {length}",
        "",
        "",
    ]
)


@dataclass(frozen=True, slots=True)
class To:
    connection: str
    workspace: str

    @property
    def path(self) -> str:
        return f"/webhooks/retell/{self.connection}"


def write(path: Path, to: To, count: int) -> None:
    """`count` requests, no two with the same body, signed now: they are taken for five minutes."""
    run, now = uuid4().hex, datetime.now(UTC)
    with path.open("wb") as file:
        for number in range(count):
            body = _body(f"call_{run}_{number}")
            head = _head(to, body, now)
            file.write(struct.pack("=I", len(head) + len(body)) + head + body)


def kept(to: To) -> tuple[str, str]:
    """The body of one delivery, and its headers as they are kept, in JSON."""
    body = _body(f"call_{uuid4().hex}_0")
    lines = _head(to, body, datetime.now(UTC)).decode().split("\r\n")[1:-2]
    pairs = [line.encode().split(b": ", 1) for line in lines]
    return body.decode(), json.dumps(redaction.read((name.lower(), value) for name, value in pairs)[1])


def _body(call_id: str) -> bytes:
    call = {"call_id": call_id, "start_timestamp": 1_795_000_000_000, "transcript": ""}
    missing = SIZE - len(json.dumps({"event": "call_ended", "call": call}))
    return json.dumps({"event": "call_ended", "call": call | {"transcript": _SAID[:missing]}}).encode()


def _head(to: To, body: bytes, now: datetime) -> bytes:
    signature = retell.sign(body, SECRET, now)[retell.HEADER]
    return _HEAD.format(path=to.path, signature=signature, length=len(body)).encode()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django  # noqa: PLC0415  its models can be imported after this only

    django.setup()
    from accounts.models import Workspace  # noqa: PLC0415
    from platforms.models import Connection  # noqa: PLC0415

    workspace = Workspace.objects.create(name="Bench")
    connection = Connection.objects.create(
        workspace=workspace, platform="retell", name="Bench", webhook_secret=SECRET
    )
    print(json.dumps({"connection": str(connection.pk), "workspace": str(workspace.pk)}))


if __name__ == "__main__":
    main()
