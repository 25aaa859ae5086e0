"""Which runs of tests were over what a version says."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from agents.models import AgentTestRun, AgentVersion

_FLOATS = ("speed", "temperature")  # some write 1 for 1.0


def digest_of(content: Mapping[str, Any]) -> str:
    """The same for the same content, and for no other. `content`: each field of AgentVersion.CONTENT."""
    said = {name: content[name] for name in AgentVersion.CONTENT}
    said |= {name: float(said[name]) for name in _FLOATS}
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def keep_with(version: AgentVersion) -> None:
    """What a draft was put to before it was published is the version's."""
    waiting = AgentTestRun.objects.filter(agent_id=version.agent_id, version=None)
    said = {name: getattr(version, name) for name in AgentVersion.CONTENT}
    waiting.filter(digest=digest_of(said)).update(version=version)
