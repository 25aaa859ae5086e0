"""The platform's REST API, as the official `retell-sdk` speaks it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from simulator.platform.call import Call
from simulator.platform.checks import VOICES, Refused
from simulator.platform.phone import Phone
from simulator.platform.studio import Agent
from simulator.web import App, Request, Response, Stream, as_json

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
CONCURRENCY = 20


class Rest:
    """Adds the API's routes under `prefix` to an app."""

    def __init__(self, phone: Phone, keys: Iterable[str]) -> None:
        self._phone = phone
        self._studio = phone.studio
        self._keys = frozenset(keys)

    def add_to(self, app: App, prefix: str) -> None:
        routes: tuple[tuple[str, str, Callable[[Request], Any], int], ...] = (
            ("GET", "/v2/get-call/{id}", self._get_call, 200),
            ("POST", "/v3/list-calls", self._list_calls, 200),
            ("POST", "/v2/stop-call/{id}", self._stop_call, 204),
            ("POST", "/v2/list-agents", self._list_agents, 200),
            ("GET", "/get-agent/{id}", self._get_agent, 200),
            ("POST", "/create-agent", self._create_agent, 201),
            ("PATCH", "/update-agent/{id}", self._update_agent, 200),
            ("POST", "/create-agent-version/{id}", self._create_agent_version, 201),
            ("POST", "/publish-agent-version/{id}", self._publish_agent, 200),
            ("GET", "/get-retell-llm/{id}", self._get_llm, 200),
            ("POST", "/create-retell-llm", self._create_llm, 201),
            ("PATCH", "/update-retell-llm/{id}", self._update_llm, 200),
            ("DELETE", "/delete-agent-version/{id}", self._drop_agent_version, 204),
            ("GET", "/list-voices", self._list_voices, 200),
            ("GET", "/get-concurrency", self._concurrency, 200),
        )
        for method, path, answer, status in routes:
            app.route(method, prefix + path, self._proven(answer, status))

    def _proven(
        self, answer: Callable[[Request], Any], status: int
    ) -> Callable[[Request], Awaitable[Response | Stream]]:
        async def handler(request: Request) -> Response | Stream:
            try:
                if request.bearer not in self._keys:
                    raise Refused(401, "API key is missing or invalid.")
                data = answer(request)
            except Refused as refusal:
                return as_json({"status": "error", "message": refusal.message}, refusal.status)
            return as_json(data, status) if data is not None else Response(status)

        return handler

    # --- calls -----------------------------------------------------------------------------------

    def _call(self, request: Request) -> Call:
        call = self._phone.calls.get(request.params["id"])
        if call is None:
            raise Refused(422, "Cannot find requested asset under given api key.")
        return call

    def _get_call(self, request: Request) -> Any:
        return self._call(request).full()

    def _stop_call(self, request: Request) -> None:
        call = self._call(request)
        conversation = self._phone.live.get(call.id)
        if conversation is None:
            raise Refused(400, "The call is not live.")
        conversation.stop("manual_stopped")

    def _list_calls(self, request: Request) -> Any:
        asked = request.json()
        found = [call.brief() for call in self._phone.calls.values()]
        for key, criterion in (asked.get("filter_criteria") or {}).items():
            found = [call for call in found if _fits(call, key, criterion)]
        found.sort(key=lambda call: (call["start_timestamp"], call["call_id"]))
        if asked.get("sort_order", "descending") == "descending":
            found.reverse()
        total = len(found)
        found = found[_after(found, asked.get("pagination_key")) :][int(asked.get("skip") or 0) :]
        limit = min(int(asked.get("limit") or DEFAULT_LIMIT), MAX_LIMIT)
        page = found[:limit]
        answer = {"items": page, "has_more": len(found) > limit}
        if answer["has_more"]:
            answer["pagination_key"] = page[-1]["call_id"]
        return answer | ({"total": total} if asked.get("include_total") else {})

    def _concurrency(self, request: Request) -> Any:
        return {
            "current_concurrency": len(self._phone.live),
            "concurrency_limit": CONCURRENCY,
            "base_concurrency": CONCURRENCY,
            "purchased_concurrency": 0,
            "concurrency_purchase_limit": 100,
            "remaining_purchase_limit": 100,
            "concurrency_burst_enabled": False,
            "concurrency_burst_limit": 0,
            "reserved_inbound_concurrency": 0,
        }

    # --- agents and models -----------------------------------------------------------------------

    def _agent(self, request: Request) -> Agent:
        return self._studio.agent(request.params["id"])

    def _get_agent(self, request: Request) -> Any:
        agent = self._agent(request)
        return agent.as_json(agent.find(request.query.get("version")))

    def _list_agents(self, request: Request) -> Any:
        agents = [agent.as_json(agent.latest) for agent in self._studio.agents.values()]
        limit = min(int(request.query.get("limit") or MAX_LIMIT), MAX_LIMIT)
        return {"items": agents[:limit], "has_more": len(agents) > limit}

    def _create_agent(self, request: Request) -> Any:
        agent = self._studio.create_agent(request.json())
        return agent.as_json(agent.latest)

    def _update_agent(self, request: Request) -> Any:
        return self._studio.update_agent(request.params["id"], request.query.get("version"), request.json())

    def _create_agent_version(self, request: Request) -> Any:
        return self._studio.create_version(request.params["id"], request.json().get("base_version"))

    def _publish_agent(self, request: Request) -> None:
        self._studio.publish(request.params["id"], request.json().get("version"))

    def _drop_agent_version(self, request: Request) -> None:
        self._studio.drop_version(request.params["id"], request.query.get("version"))

    def _list_voices(self, request: Request) -> Any:
        return list(VOICES)

    def _get_llm(self, request: Request) -> Any:
        llm = self._studio.llm(request.params["id"])
        return llm.told(llm.find(request.query.get("version")), "llm_id")

    def _create_llm(self, request: Request) -> Any:
        llm = self._studio.create_llm(request.json())
        return llm.told(llm.latest, "llm_id")

    def _update_llm(self, request: Request) -> Any:
        return self._studio.update_llm(request.params["id"], request.query.get("version"), request.json())


def _after(calls: list[dict[str, Any]], key: str | None) -> int:
    """The index just after the call that ended the page before."""
    if not key:
        return 0
    ids = [call["call_id"] for call in calls]
    if key not in ids:
        raise Refused(400, "pagination_key is unknown.")
    return ids.index(key) + 1


def _fits(call: dict[str, Any], key: str, criterion: Any) -> bool:
    """Whether a call meets one criterion of the list filter."""
    if key == "agent":
        return any(call["agent_id"] == agent.get("agent_id") for agent in criterion)
    if not isinstance(criterion, dict):
        raise Refused(400, f"filter_criteria.{key} must be an object.")
    value, wanted, op = call.get(key), criterion.get("value"), criterion.get("op")
    if value is None:
        return op == "ne"
    try:
        return _compare(str(op), value, wanted)
    except (TypeError, ValueError, KeyError):
        raise Refused(400, f"filter_criteria.{key} is not a criterion.") from None


def _compare(op: str, value: Any, wanted: Any) -> bool:
    tests: dict[str, Callable[[], bool]] = {
        "eq": lambda: value == wanted,
        "ne": lambda: value != wanted,
        "sw": lambda: value.startswith(wanted),
        "ew": lambda: value.endswith(wanted),
        "co": lambda: wanted in value,
        "gt": lambda: value > wanted,
        "ge": lambda: value >= wanted,
        "lt": lambda: value < wanted,
        "le": lambda: value <= wanted,
        "bt": lambda: wanted[0] <= value <= wanted[1],
        "in": lambda: value in wanted,
    }
    return tests[op]()
