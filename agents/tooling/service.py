"""One question to a tool's HTTP service, and what it answered, in a form that a model can read.

It is asked again only where that is safe: when nobody was there to ask, when the answer itself asks for it,
or, with a method that does no harm twice, when the connection broke or a gateway had nobody behind it.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Literal

import httpx

from agents.llm.providers.faults import retry_after
from agents.registry import ToolFailed
from agents.tooling import address
from base import outward
from platforms.clean import clean

MAX_CHARS = 15_000  # of a result; what is over is cut, models would only drown in it
MAX_BYTES = MAX_CHARS * 4
MOST_REDIRECTS = 3
PAUSE_S = 0.25  # before the second time; each further pause is twice as long

OURS = {"accept": "application/json, text/*;q=0.9", "accept-encoding": "identity", "user-agent": "Earshot"}
HARMLESS = ("GET", "PUT", "DELETE")  # the same once more changes nothing more
BODILESS = ("GET", "DELETE")
PASSING = (429, 502, 503, 504)
NOBODY_THERE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,60}")
_READABLE = re.compile(
    r"text/.+|application/(?:[a-z0-9.-]+\+)?(?:json|xml|yaml)|application/(?:x-)?(?:ndjson|javascript)"
)

Kind = Literal["json", "text"]


@dataclass(frozen=True, slots=True)
class Service:
    """Where a tool is, and how it is asked."""

    url: str  # may have places: {order_id}
    seconds: float  # for all of it: redirects, pauses and further tries
    parameters: dict[str, Any] = field(default_factory=dict)  # JSON Schema
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    text: str  # at most MAX_CHARS
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    url: httpx.URL
    headers: dict[str, str]
    body: bytes | None
    secret: tuple[str, ...] = ()  # names of headers that are for this origin only


def client() -> httpx.AsyncClient:
    """For one event loop. It keeps no cookies: those of one workspace's service are not another's."""
    return httpx.AsyncClient(
        transport=outward.transport(),
        timeout=httpx.Timeout(30, connect=5),
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


async def ask(
    http: httpx.AsyncClient, service: Service, arguments: dict[str, Any], body: dict[str, Any]
) -> Answer:
    """Its answer to `arguments`; `body` holds them where the method has one. Raises ToolFailed."""
    try:
        question = _question(service, arguments, body)
        async with asyncio.timeout(service.seconds) as limit:
            return await _persist(http, question, service.retries, limit)
    except address.Unfilled as error:
        raise ToolFailed(str(error)) from error
    except TimeoutError as error:
        raise ToolFailed(f"The tool did not answer within {service.seconds:g} s.") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        if outward.refused(error):
            raise ToolFailed("The tool's address leads into a private network.") from error
        raise ToolFailed("The tool could not be reached.") from error


def typed(text: str) -> Answer:
    """A text as models take it, and whether it is JSON."""
    if len(text) > MAX_CHARS:
        return Answer(text[: MAX_CHARS - 1] + "…", "text")
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return Answer(text, "text")
    return Answer(text, "json")


def _question(service: Service, arguments: dict[str, Any], body: dict[str, Any]) -> _Question:
    url = address.filled(service.url, arguments)
    sent = None
    headers = OURS | {name.lower(): value for name, value in service.headers.items()}
    if service.method in BODILESS:
        placed = address.places(service.url)
        url = address.with_query(url, {name: arguments[name] for name in arguments if name not in placed})
    else:
        sent = json.dumps(body).encode()
        headers["content-type"] = "application/json"
    secret = tuple(name.lower() for name in service.headers)
    return _Question(service.method, httpx.URL(url), headers, sent, secret)


async def _persist(
    http: httpx.AsyncClient, question: _Question, retries: int, limit: asyncio.Timeout
) -> Answer:
    tried = 0
    while True:
        pause, is_last = PAUSE_S * 2**tried, tried == retries
        try:
            async with _answered(http, question) as response:
                if is_last or not _may_repeat(question.method, response):
                    return await _read(response)
                pause = max(pause, retry_after(response.headers) or 0)
        except httpx.TransportError as error:
            was_there = not isinstance(error, NOBODY_THERE)
            if is_last or outward.refused(error) or (was_there and question.method not in HARMLESS):
                raise
        left = (limit.when() or 0) - asyncio.get_running_loop().time()
        if pause > left:
            raise ToolFailed("The tool is not available now, nor again within the time that it may take.")
        await asyncio.sleep(pause)
        tried += 1


def _may_repeat(method: str, response: httpx.Response) -> bool:
    """Whether the answer says that nothing was done, or that doing it again does no harm."""
    if response.status_code not in PASSING:
        return False
    return method in HARMLESS or response.status_code == 429 or "retry-after" in response.headers


@asynccontextmanager
async def _answered(http: httpx.AsyncClient, question: _Question) -> AsyncIterator[httpx.Response]:
    """What is answered in the end, redirects followed."""
    for _ in range(MOST_REDIRECTS + 1):
        async with http.stream(
            question.method, question.url, headers=question.headers, content=question.body
        ) as response:
            further = _led_on(question, response)
            if further is None:
                yield response
                return
        question = further
    raise ToolFailed(f"The tool's service leads on and on: {MOST_REDIRECTS} redirects are followed.")


def _led_on(question: _Question, response: httpx.Response) -> _Question | None:
    """What to ask next, if this is a redirect to follow. Nothing secret goes to another origin."""
    status = response.status_code
    is_followed = status in (303, 307, 308) or (status in (301, 302) and question.method == "GET")
    if not is_followed or "location" not in response.headers:
        return None
    url = question.url.join(response.headers["location"]).copy_with(userinfo=b"", fragment=None)
    if url.scheme not in ("https", question.url.scheme):
        raise ToolFailed("The tool's service leads to an address that is not https.")
    further = replace(question, url=url)
    if status == 303:
        headers = {name: value for name, value in question.headers.items() if name != "content-type"}
        further = replace(further, method="GET", body=None, headers=headers)
    if _origin(url) != _origin(question.url):
        headers = {name: value for name, value in further.headers.items() if name not in question.secret}
        further = replace(further, headers=OURS | headers, secret=())
    return further


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


async def _read(response: httpx.Response) -> Answer:
    """The answer, read no further than we would keep."""
    if not response.is_success:
        raise ToolFailed(f"The tool answered with status {response.status_code}.")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise ToolFailed("The tool packed its answer, which it was not asked to.")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not _READABLE.fullmatch(kind):
        told = kind if _TYPE.fullmatch(kind) else "something"
        raise ToolFailed(f"The tool answered with {told}, which is nothing a model can read.")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= MAX_BYTES:
            break
    try:
        text = bytes(body).decode(response.charset_encoding or "utf-8", errors="replace")
    except LookupError:
        text = bytes(body).decode("utf-8", errors="replace")
    return typed(clean(text))
