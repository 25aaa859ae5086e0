"""The tools server of Larkfield Energy: what its agents may use, and what it answers."""

import asyncio
import hashlib
import json
import random
from collections.abc import Mapping
from functools import cache
from typing import Any

from simulator.stories import STORIES
from simulator.stories.story import VARIANTS, render
from simulator.web import App, Request, Response, as_json

ACCOUNT = {"account_number": {"type": "string", "description": "LE followed by eight digits"}}


def _schema(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            name: {"type": kind} if isinstance(kind, str) else kind for name, kind in properties.items()
        },
        "required": required.split(),
        "additionalProperties": False,
    }


# name: (description, JSON Schema of the arguments)
CATALOGUE: dict[str, tuple[str, dict[str, Any]]] = {
    "account.lookup": (
        "Find a customer's account by its number.",
        _schema("account_number", **ACCOUNT),
    ),
    "billing.find_charges": (
        "List the charges of an account over the last days.",
        _schema("account_number", **ACCOUNT, days="integer"),
    ),
    "refund.create": (
        "Refund one charge to the way it was paid.",
        _schema(
            "account_number charge_id amount_pence", **ACCOUNT, charge_id="string", amount_pence="integer"
        ),
    ),
    "booking.find_slots": (
        "Find free appointments for an engineer.",
        _schema("postcode", postcode="string", purpose="string", week="string"),
    ),
    "booking.create": (
        "Book one of the free appointments.",
        _schema("slot_id", slot_id="string", account_number="string", note="string"),
    ),
    "outage.lookup": (
        "Look up known power cuts at a postcode.",
        _schema("postcode", postcode="string"),
    ),
    "meter.submit": (
        "Record a meter reading.",
        _schema("account_number reading", **ACCOUNT, reading="integer", fuel="string"),
    ),
    "handoff.request": (
        "Ask for a colleague to take over the call.",
        _schema("reason", reason="string", summary="string", team="string"),
    ),
}


@cache
def _told() -> dict[tuple[str, str], tuple[int, dict[str, Any], float]]:
    """What a tool answers to such arguments in the stories: status, result, seconds. It never changes."""
    told = {}
    for story in STORIES.values():
        for use in (use for line in story.lines for use in line.tools):
            for variant in range(VARIANTS):
                facts = story.facts(variant)
                key = use.name, _canonical(render(use.arguments, facts))
                told[key] = use.status, render(use.result, facts), use.seconds
    return told


class Tools:
    """Answers `POST /tools/<name>`: as the stories say for their arguments, sensibly for any other."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self.used: dict[str, int] = dict.fromkeys(CATALOGUE, 0)
        self._told = _told()

    def add_to(self, app: App) -> None:
        app.route("GET", "/tools", self.catalogue)
        app.route("POST", "/tools/{name}", self.use)

    async def catalogue(self, request: Request) -> Response:
        tools = [
            {"name": name, "description": description, "parameters": schema}
            for name, (description, schema) in CATALOGUE.items()
        ]
        return as_json({"tools": tools})

    async def use(self, request: Request) -> Response:
        name = request.params["name"]
        if name not in CATALOGUE:
            return as_json({"error": f"There is no tool called {name}."}, 404)
        asked = request.json()
        arguments = asked.get("args", asked) if isinstance(asked, dict) else None
        if not isinstance(arguments, dict):
            return as_json({"error": "The arguments must be an object."}, 400)
        missing = [field for field in CATALOGUE[name][1]["required"] if field not in arguments]
        if missing:
            return as_json({"error": f"Missing: {', '.join(missing)}."}, 422)
        self.used[name] += 1
        told = self._told.get((name, _canonical(arguments)))
        status, result, seconds = told or (200, _invented(name, arguments), 0.5)
        await asyncio.sleep(seconds / self._speed)
        return as_json(result, status)


def _canonical(arguments: Mapping[str, Any]) -> str:
    return json.dumps(arguments, sort_keys=True, ensure_ascii=False)


def _invented(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """An answer for arguments no story has: the same for the same arguments."""
    digest = hashlib.sha256(f"{name}:{_canonical(arguments)}".encode()).hexdigest()
    chance = random.Random(digest)
    amount = f"£{chance.randrange(30, 180)}.{chance.randrange(100):02d}"
    answers: dict[str, dict[str, Any]] = {
        "account.lookup": {"account": arguments.get("account_number"), "status": "active", "balance": amount},
        "billing.find_charges": {
            "charges": [{"id": f"ch_{digest[:6]}", "amount": amount, "by": "direct debit"}]
        },
        "refund.create": {"refund": f"rf_{digest[:6]}", "arrives_in_days": 3},
        "booking.find_slots": {
            "slots": [
                {"id": f"sl_{digest[:4]}a", "when": "Tuesday, 8 to 12"},
                {"id": f"sl_{digest[4:8]}b", "when": "Thursday, 12 to 4"},
            ]
        },
        "booking.create": {"booking": f"bk_{digest[:6]}", "confirmed": True},
        "outage.lookup": {"outage": None, "checked": arguments.get("postcode")},
        "meter.submit": {"accepted": True, "receipt": f"mr_{digest[:6]}"},
        "handoff.request": {"queued": True, "position": chance.randrange(1, 4)},
    }
    return answers[name]
