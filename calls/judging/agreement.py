"""How often people agree with the model that judges, by scorecard and by check."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from calls.models import Score, Scorecard

MOST_SCORES = 1_000  # of the latest that a person has looked at


@dataclass(slots=True)
class Agreement:
    """Of `n` answers that a person has looked at, `same` stood."""

    n: int = 0
    same: int = 0
    calls: int = 0
    checks: dict[str, "Agreement"] = field(default_factory=dict)

    @property
    def percent(self) -> int | None:
        return round(100 * self.same / self.n) if self.n else None


def of(scorecards: Iterable[Scorecard]) -> dict[Scorecard, Agreement]:
    """By scorecard, of the checks as they are worded now: an answer to another question does not count."""
    found = {}
    for scorecard in scorecards:
        told = Agreement(checks={check["id"]: Agreement() for check in scorecard.checks})
        words = {check["id"]: check["question"] for check in scorecard.checks}
        rows = Score.objects.filter(scorecard=scorecard, reviewed_at__isnull=False).order_by("-judged_at")
        for checks, overrides in rows.values_list("checks", "overrides")[:MOST_SCORES]:
            told.calls += 1
            for check in checks:
                if words.get(check["id"]) != check["question"]:
                    continue
                stood = overrides.get(check["id"], check["ok"]) == check["ok"]
                for one in (told, told.checks[check["id"]]):
                    one.n += 1
                    one.same += stood
        found[scorecard] = told
    return found
