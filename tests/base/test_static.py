import gzip

import pytest
from channels.testing import HttpCommunicator

from base.assets import fingerprint
from base.static import static_app


async def get(path, *headers, method="GET"):
    response = await HttpCommunicator(static_app, method, path, headers=list(headers)).get_response()
    return response, dict(response["headers"])


async def test_the_current_version_may_be_kept_for_ever(settings):
    response, headers = await get(f"/static/{settings.STATIC_VERSION}/js/shell.js")

    assert response["status"] == 200
    assert headers[b"content-type"] == b"text/javascript; charset=utf-8"
    assert headers[b"cache-control"] == b"public, max-age=31536000, immutable"


async def test_another_version_gets_the_current_file_but_must_ask_again():
    response, headers = await get("/static/00000000/js/shell.js")
    again, _ = await get("/static/00000000/js/shell.js", (b"if-none-match", headers[b"etag"]))

    assert (response["status"], headers[b"cache-control"]) == (200, b"no-cache")
    assert (again["status"], again["body"]) == (304, b"")


async def test_it_packs_what_shrinks():
    plain, _ = await get("/static/v/app.css")
    packed, headers = await get("/static/v/app.css", (b"accept-encoding", b"gzip, br"))

    assert headers[b"content-encoding"] == b"gzip"
    assert gzip.decompress(packed["body"]) == plain["body"]
    assert len(packed["body"]) < len(plain["body"]) / 3


async def test_head_is_get_without_the_body():
    response, headers = await get("/static/v/app.css", method="HEAD")

    assert response["body"] == b""
    assert int(headers[b"content-length"]) > 10_000


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/v/",
        "/static/v/js",
        "/static/v/../manage.py",
        "/static/v//etc/passwd",
        "/static/v/\x00",
    ],
)
async def test_nothing_else_is_served(path):
    response, _ = await get(path)

    assert response["status"] == 404


async def test_nothing_is_written():
    response, headers = await get("/static/v/app.css", method="POST")

    assert (response["status"], headers[b"allow"]) == (405, b"GET, HEAD")


def test_the_version_changes_with_any_file(tmp_path):
    (tmp_path / "live" / "static").mkdir(parents=True)
    before = fingerprint(tmp_path)
    (tmp_path / "live" / "static" / "wall.js").write_text("1")

    assert fingerprint(tmp_path) != before
