"""A delivery as a command: whatever it holds, a shell passes it on unchanged and runs nothing of it."""

import os
import subprocess

import pytest

from webhooks.curl import command

URL = "https://earshot.example.com/webhooks/retell/1"
# In the place of curl: writes down its arguments, NUL between them, and what is piped in.
CURL = '#!/bin/sh\nprintf "%s\\0" "$@"\ncase "$*" in *--data-binary*) cat ;; esac\n'


@pytest.fixture
def passed(tmp_path):
    """passed(command) → the arguments that curl was given, and what was piped to it."""
    (tmp_path / "curl").write_text(CURL)
    (tmp_path / "curl").chmod(0o755)

    def run(text: str) -> tuple[list[bytes], bytes]:
        (tmp_path / "script").write_text(text)
        ran = subprocess.run(
            ["sh", "script"],
            cwd=tmp_path,
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            timeout=20,
            check=True,
        )
        assert ran.stderr == b""
        *arguments, piped = (
            ran.stdout.split(b"\0") if b"--data-binary" not in ran.stdout else _split(ran.stdout)
        )
        assert sorted(path.name for path in tmp_path.iterdir()) == ["curl", "script"]
        return arguments, piped

    return run


def _split(out: bytes) -> list[bytes]:
    before, piped = out.split(b"@-\0", 1)
    return [*before.split(b"\0")[:-1], b"@-", piped]


@pytest.mark.parametrize(
    "body",
    [
        b'{"event": "call_ended"}',
        b'it\'s $(touch gone) `touch gone` "quoted" \\ !! ;&| ~ *',
        b"'; touch gone; '",
        b"one\ntwo\n\n",
        b"@/etc/passwd",
        "£ naïve 電話".encode(),
        b"",
    ],
)
def test_a_body_is_one_word(passed, body):
    arguments, piped = passed(command(URL, {}, body))

    assert arguments == [b"-X", b"POST", URL.encode(), b"--data-raw", body]
    assert piped == b""


@pytest.mark.parametrize(
    "body",
    [b"\x00\xff", b"x" * 300_000, b"\x1b[201~; touch gone\n", b"a\rb", "\u202e".encode()],
    ids=["no text", "long", "escape", "return", "right to left"],
)
def test_what_a_terminal_would_not_take_as_text_is_piped(passed, body):
    text = command(URL, {}, body)

    assert text.isprintable() or set(text) - {"\n"} == {each for each in text if each.isprintable()}
    arguments, piped = passed(text)
    assert (arguments[-2:], piped) == ([b"--data-binary", b"@-"], body)


def test_proof_is_left_for_whoever_sends_it(passed):
    headers = {
        "x-retell-signature": "v=1,d=deadbeef…",
        "authorization": "[not kept]",
        "content-type": "application/json",
        "content-length": "2",
        "host": "earshot.example.com",
        "user-agent": "it's \x1b me…",
        "@/etc/passwd": "x",
        "bad name\n": "x",
    }

    arguments, _ = passed(command(URL, headers, b"{}"))

    assert [each.decode() for each in arguments[3:-2] if each != b"-H"] == [
        "x-retell-signature: <x-retell-signature>",
        "authorization: <authorization>",
        "content-type: application/json",
        "user-agent: it's ? me?",
    ]
