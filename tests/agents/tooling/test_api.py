"""`/api/v1/tools`: set up, changed, tried and removed by programs; headers stay in."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.cache import cache

from accounts.models import AuditEntry, Workspace
from agents.models import Agent, Tool
from agents.services import publish
from tests.people import make_member, sign_in

PARAMETERS = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
TOOL = {
    "name": "order.find",
    "description": "Find an order.",
    "method": "GET",
    "url": "https://8.8.8.8/orders/{id}",
    "parameters": PARAMETERS,
    "headers": {"Authorization": "Bearer secret-of-the-shop"},
}


@pytest.fixture
def workspace(db) -> Workspace:
    cache.clear()
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def ask(workspace):
    """`ask("POST", "tools", {…})`: status and JSON, as an admin."""
    client = sign_in(make_member(workspace, "admin"))

    def ask(method: str, path: str, body: dict | None = None):
        content = json.dumps(body or {})
        response = client.generic(method, f"/api/v1/{path}", content, content_type="application/json")
        assert "secret-of-the-shop" not in response.content.decode()
        return response.status_code, response.json()

    return ask


@pytest.fixture
def made(ask) -> str:
    status, tool = ask("POST", "tools", TOOL)
    assert status == 201
    return tool["id"]


def wrong(answer) -> dict[str, str]:
    status, body = answer
    assert status == 400, body
    return {fault["field"]: fault["problem"] for fault in body["error"]["details"]}


def audited(workspace) -> list[tuple[str, dict]]:
    rows = AuditEntry.objects.for_workspace(workspace).exclude(action__startswith="session")
    return list(rows.order_by("id").values_list("action", "detail"))


def test_a_tool_is_set_up_changed_and_removed(ask, workspace, made):
    status, tool = ask("GET", f"tools/{made}")
    assert (status, tool["method"], tool["header_names"]) == (200, "GET", ["Authorization"])
    assert (tool["timeout_ms"], tool["retries"], tool["used_by"]) == (10_000, 0, [])

    _, tool = ask("PATCH", f"tools/{made}", {"retries": 2, "parameters": PARAMETERS | {"title": "Order"}})
    assert (tool["retries"], tool["header_names"]) == (2, ["Authorization"])
    assert json.loads(Tool.objects.get().headers) == TOOL["headers"]
    assert ask("PATCH", f"tools/{made}", {"headers": None})[1]["header_names"] == []
    assert [one["id"] for one in ask("GET", "tools")[1]["items"]] == [made]

    assert ask("DELETE", f"tools/{made}")[0] == 200
    assert not Tool.objects.exists()
    assert audited(workspace) == [
        ("tool.create", {"method": "GET"}),
        ("tool.edit", {"changed": ["parameters", "retries"]}),
        ("tool.edit", {"changed": ["headers"]}),
        ("tool.delete", {}),
    ]


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"name": "Order find"}, "name", "Small letters"),
        ({"name": "end_call"}, "name", "Earshot has a tool of that name."),
        ({"name": "search_calls"}, "name", "Earshot has a tool of that name."),
        ({"description": ""}, "description", "models choose by it"),
        ({"url": "http://8.8.8.8/{id}"}, "url", "Give an https address"),
        ({"url": "https://10.0.0.1/{id}"}, "url", "PRIVATE_HOSTS"),
        ({"url": "https://0xa000001:8443/{id}"}, "url", "PRIVATE_HOSTS"),
        ({"url": "https://{id}.example/"}, "url", "in the path or the query"),
        ({"url": "https://8.8.8.8/{id"}, "url", "is written {order_id}"),
        ({"url": "https://me:secret@8.8.8.8/{id}"}, "url", "Leave out user names"),
        ({"url": "https://8.8.8.8/{id}#x"}, "url", "begins with #"),
        ({"url": "https://8.8.8.8/{id}?q=a b"}, "url", "no spaces"),
        ({"url": "https://8.8.8.8/{other}"}, "url", "a place for other, which the parameters do not have"),
        ({"parameters": {**PARAMETERS, "required": []}}, "url", "the parameters have to require it"),
        ({"parameters": {**PARAMETERS, "type": "objekt"}}, "parameters", "Line 1, type: This is no type."),
        ({"headers": {"Host": "x"}}, "headers", "Host is said by Earshot itself."),
        ({"headers": {"X Y": "x"}}, "headers", "letters, digits and dashes"),
        ({"headers": {"X": "a\r\nB: c"}}, "headers", "has accents or lines"),
        ({"timeout_ms": 60_001}, "timeout_ms", "less than or equal to 60000"),
        ({"retries": 6}, "retries", "less than or equal to 5"),
        ({"made_up": 1}, "made_up", "not permitted"),
    ],
)
def test_what_is_wrong_with_a_tool_is_said(ask, changed, field, said):
    assert said in wrong(ask("POST", "tools", TOOL | changed))[field]
    assert not Tool.objects.exists()


def test_a_name_is_given_once_and_stays(ask, made):
    assert "Another tool" in wrong(ask("POST", "tools", TOOL))["name"]
    assert "not permitted" in wrong(ask("PATCH", f"tools/{made}", {"name": "other"}))["name"]


def test_headers_are_not_sent_to_an_address_that_somebody_else_chose(ask, made):
    elsewhere = {"url": "https://1.1.1.1/orders/{id}"}

    unknown = {"url": "https://1.1.1.1/orders/{other}"}
    assert "a place for other" in wrong(ask("PATCH", f"tools/{made}", unknown))["url"]
    assert "Give the headers again" in wrong(ask("PATCH", f"tools/{made}", elsewhere))["headers"]
    assert ask("PATCH", f"tools/{made}", elsewhere | {"headers": {"X": "new"}})[0] == 200
    assert ask("PATCH", f"tools/{made}", {"url": "https://1.1.1.1/o/{id}"})[1]["header_names"] == ["X"]


def test_what_an_agent_uses_stays(ask, workspace, made):
    agent = Agent.objects.create(workspace=workspace, name="Odell")
    publish(agent, prompt="You help.", tools=["order.find"])

    assert ask("GET", f"tools/{made}")[1]["used_by"] == [str(agent.pk)]
    assert "Odell uses it" in wrong(ask("DELETE", f"tools/{made}"))["tool"]

    publish(agent, prompt="You help.", tools=[])
    assert ask("DELETE", f"tools/{made}")[0] == 200


def test_parameters_are_checked_as_they_are_typed(ask):
    assert ask("POST", "tools/check", {"schema": '{"type": "object"}'}) == (200, {"faults": []})
    _, answer = ask("POST", "tools/check", {"schema": '{\n  "type": "object",\n  "required": 7\n}'})
    assert answer["faults"] == [
        {"line": 3, "column": 15, "path": "required", "message": '7 is not of type "array"'}
    ]


def test_earshots_own_are_shown_as_such(ask):
    kinds = {one["name"]: one["kind"] for one in ask("GET", "tools/own")[1]["items"]}

    assert kinds["end_call"] == kinds["transfer_call"] == "built_in"
    assert kinds["search_calls"] == "registered"


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        secret = self.headers.get("authorization", "nothing")
        body = json.dumps({"path": self.path, "length": len(secret)}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        """Nothing: it would be written among the tests' results."""


@pytest.fixture
def shop() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_tool_is_tried_for_real_once_in_a_moment(ask, workspace, shop):
    _, tool = ask("POST", "tools", TOOL | {"url": f"{shop}/orders/{{id}}"})
    path = f"tools/{tool['id']}/try"

    status, answer = ask("POST", path, {"arguments": {"id": "a/7"}})
    assert (status, answer["ok"], answer["kind"]) == (200, True, "json")
    assert json.loads(answer["text"]) == {"path": "/orders/a%2F7", "length": len("Bearer secret-of-the-shop")}
    assert audited(workspace)[-1] == ("tool.try", {})
    assert ask("POST", path, {"arguments": {}})[0] == 429
    _, other = ask("POST", "tools", TOOL | {"name": "order.list"})
    assert ask("POST", f"tools/{other['id']}/try", {"arguments": {}})[0] == 429, "one in a workspace"

    cache.clear()
    _, answer = ask("POST", path, {"arguments": {}})
    assert (answer["ok"], answer["text"]) == (False, 'The arguments do not fit: "id" is a required property')


def test_a_tool_is_not_tried_in_a_private_network(ask, settings, shop):
    _, tool = ask("POST", "tools", TOOL | {"url": f"{shop}/orders/{{id}}"})
    settings.PRIVATE_HOSTS = []

    _, answer = ask("POST", f"tools/{tool['id']}/try", {"arguments": {"id": "7"}})
    assert (answer["ok"], answer["text"]) == (False, "The tool's address leads into a private network.")
