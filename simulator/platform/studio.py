"""What the platform keeps of agents and of its own models: versions, of which published ones never change."""

import copy
import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from simulator.platform.checks import Refused, check_agent, check_llm

MAX_AGENTS = 1000
UNKNOWN = "Cannot find requested asset under given api key."
FINAL = "Published versions cannot be changed: create a new version first."


def agent_id(name: str) -> str:
    """The platform's id of an agent of this name: the same for the same name, always."""
    return "agent_" + hashlib.sha256(name.encode()).hexdigest()[:26]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Version:
    fields: dict[str, Any]
    published: bool = False
    base: int | None = None
    changed_at_ms: int = field(default_factory=_now_ms)


@dataclass(slots=True)
class Kept:
    """An agent, or a model of the platform's own: all its versions by number."""

    id: str
    versions: dict[int, Version]

    @property
    def latest(self) -> int:
        return max(self.versions)

    @property
    def live(self) -> int:
        """The last published version, which calls are made with; before there is one, the latest."""
        return max((number for number, one in self.versions.items() if one.published), default=self.latest)

    @property
    def fields(self) -> dict[str, Any]:
        return self.versions[self.live].fields

    def find(self, asked: str | int | None) -> int:
        """The version by number, "latest" or "latest_published"; without any, the latest. Raises Refused."""
        names = {None: self.latest, "": self.latest, "latest": self.latest, "latest_published": self.live}
        # The official SDK reads the version of an engine as a number with a fraction: "1.0".
        digits = str(asked).removesuffix(".0")
        number = names[asked] if asked in names else int(digits) if digits.isdecimal() else -1
        if number not in self.versions:
            raise Refused(404, f"Version {asked} does not exist.")
        return number

    def change(self, asked: str | int | None, fields: Mapping[str, Any]) -> int:
        """Which version was changed. Raises Refused."""
        number = self.find(asked)
        if self.versions[number].published:
            raise Refused(400, FINAL)
        version = self.versions[number]
        version.fields |= copy.deepcopy(dict(fields))
        version.changed_at_ms = _now_ms()
        return number

    def branch(self, base: int) -> int:
        """A draft that begins as `base` is; its number."""
        number = self.latest + 1
        self.versions[number] = Version(copy.deepcopy(self.versions[base].fields), base=base)
        return number

    def told(self, number: int, id_name: str) -> dict[str, Any]:
        version = self.versions[number]
        about = {
            id_name: self.id,
            "version": number,
            "is_published": version.published,
            "last_modification_timestamp": version.changed_at_ms,
        }
        based = {} if version.base is None else {"base_version": version.base}
        return copy.deepcopy(version.fields) | about | based


class Agent(Kept):
    """A voice agent: where its calls are answered, or by a model of the platform's own."""

    @property
    def name(self) -> str:
        return str(self.fields.get("agent_name") or "Untitled agent")

    @property
    def version(self) -> int:
        return self.live

    @property
    def llm_websocket_url(self) -> str:
        return str(self.fields["response_engine"].get("llm_websocket_url", ""))

    @property
    def hosted(self) -> bool:
        return not self.llm_websocket_url

    def as_json(self, number: int | None = None) -> dict[str, Any]:
        return self.told(self.live if number is None else number, "agent_id")


class Studio:
    """All of them, and what may be done to them. With `memory`, a file, they outlive the process."""

    def __init__(self, memory: Path | None = None) -> None:
        self._memory = memory
        kept = json.loads(memory.read_text()) if memory and memory.exists() else {}
        self.agents = {one["id"]: Agent(**_thawed(one)) for one in kept.get("agents", ())}
        self.llms = {one["id"]: Kept(**_thawed(one)) for one in kept.get("llms", ())}

    def register(self, name: str, llm_websocket_url: str = "") -> Agent:
        """An agent of this name, answered at this address; without one, by a model of the platform's own."""
        agent = self.agents.get(agent_id(name))
        if agent is None:
            first = {"agent_name": name, "voice_id": "11labs-Dorothy", "language": "en-GB"}
            agent = Agent(agent_id(name), {1: Version(first | {"response_engine": {}}, published=True)})
            self.agents[agent.id] = agent
        if llm_websocket_url:
            engine = {"type": "custom-llm", "llm_websocket_url": llm_websocket_url}
            agent.fields["response_engine"] = engine
        elif agent.fields["response_engine"].get("type") != "retell-llm":
            llm = Kept(f"llm_{agent.id.removeprefix('agent_')}", {1: Version({"start_speaker": "agent"})})
            llm.versions[1].published = True
            self.llms.setdefault(llm.id, llm)
            agent.fields["response_engine"] = {"type": "retell-llm", "llm_id": llm.id, "version": 1}
        return agent

    # --- agents ----------------------------------------------------------------------------------

    def agent(self, id: str) -> Agent:
        if id not in self.agents:
            raise Refused(404, UNKNOWN)
        return self.agents[id]

    def create_agent(self, fields: dict[str, Any]) -> Agent:
        for name in ("response_engine", "voice_id"):
            if not fields.get(name):
                raise Refused(400, f"{name} is required.")
        check_agent(fields)
        if len(self.agents) >= MAX_AGENTS:
            raise Refused(402, "The agent limit of this workspace is reached.")
        agent = Agent(f"agent_{secrets.token_hex(13)}", {0: Version(self._engaged(fields))})
        self.agents[agent.id] = agent
        self.keep()
        return agent

    def update_agent(self, id: str, asked: str | None, fields: dict[str, Any]) -> dict[str, Any]:
        agent = self.agent(id)
        check_agent(fields)
        number = agent.change(asked, self._engaged(fields))
        self.keep()
        return agent.as_json(number)

    def create_version(self, id: str, base: Any) -> dict[str, Any]:
        """A draft of the agent, and with it one of the model it is answered by."""
        agent = self.agent(id)
        if not isinstance(base, int):
            raise Refused(400, "base_version is required.")
        number = agent.branch(agent.find(base))
        engine = agent.versions[number].fields["response_engine"]
        if llm := self.llms.get(engine.get("llm_id", "")):
            engine["version"] = llm.branch(llm.find(engine.get("version")))
        self.keep()
        return agent.as_json(number)

    def publish(self, id: str, version: Any) -> None:
        """Have calls made with this version of the agent, and of its model, which then never change again."""
        agent = self.agent(id)
        if not isinstance(version, int):
            raise Refused(400, "version is required.")
        made = agent.versions[agent.find(version)]
        made.published = True
        engine = made.fields["response_engine"]
        if llm := self.llms.get(engine.get("llm_id", "")):
            llm.versions[llm.find(engine.get("version"))].published = True
        self.keep()

    def drop_version(self, id: str, asked: str | None) -> None:
        """Take a draft away, and the one of its model."""
        agent = self.agent(id)
        number = agent.find(asked)
        if agent.versions[number].published or len(agent.versions) == 1:
            raise Refused(400, "This version cannot be deleted.")
        engine = agent.versions.pop(number).fields["response_engine"]
        llm = self.llms.get(engine.get("llm_id", ""))
        version = llm.versions.get(engine.get("version", -1)) if llm else None
        if llm and version and not version.published and len(llm.versions) > 1:
            del llm.versions[engine["version"]]
        self.keep()

    def _engaged(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields, with the version of the model they name. Raises Refused if there is none."""
        engine = fields.get("response_engine") or {}
        if engine.get("type") != "retell-llm":
            return fields
        llm = self.llm(engine["llm_id"])
        return fields | {"response_engine": engine | {"version": llm.find(engine.get("version"))}}

    # --- models ----------------------------------------------------------------------------------

    def llm(self, id: str) -> Kept:
        if id not in self.llms:
            raise Refused(404, UNKNOWN)
        return self.llms[id]

    def create_llm(self, fields: dict[str, Any]) -> Kept:
        if "start_speaker" not in fields:
            raise Refused(400, "start_speaker is required.")
        check_llm(fields)
        llm = Kept(f"llm_{secrets.token_hex(13)}", {0: Version(fields)})
        self.llms[llm.id] = llm
        self.keep()
        return llm

    def update_llm(self, id: str, asked: str | None, fields: dict[str, Any]) -> dict[str, Any]:
        llm = self.llm(id)
        check_llm(fields)
        number = llm.change(asked, fields)
        self.keep()
        return llm.told(number, "llm_id")

    def keep(self) -> None:
        """Write all of it down, in one step."""
        if self._memory is None:
            return
        kept = {
            "agents": [asdict(one) for one in self.agents.values()],
            "llms": [asdict(one) for one in self.llms.values()],
        }
        draft = self._memory.with_suffix(".new")
        draft.write_text(json.dumps(kept, ensure_ascii=False))
        os.replace(draft, self._memory)


def _thawed(one: dict[str, Any]) -> dict[str, Any]:
    versions = {int(number): Version(**version) for number, version in one["versions"].items()}
    return {"id": one["id"], "versions": versions}
