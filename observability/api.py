"""`POST /api/v1/ui-errors`: a page of ours tells what went wrong in it."""

from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from accounts.api import access
from accounts.permissions import Permission
from base.api import Told, answers
from base.errors import json_error
from observability import reports

router = Router(tags=["Browser reports"])

MOST_AT_ONCE = 20
_INTEGER = 2**31 - 1
Count = Annotated[int, Field(ge=0, le=_INTEGER)]
TraceId = Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")]
Fact = Annotated[str, Field(max_length=300)] | bool | Annotated[int, Field(ge=-_INTEGER, le=_INTEGER)] | None


class _Strict(Told):
    model_config = ConfigDict(strict=True)


class Report(_Strict):
    """What went wrong in a page. Nothing in it may be what was said in a call."""

    kind: Literal["error", "unhandledrejection", "csp", "stall", "reconnect"]
    message: Annotated[str, Field(max_length=500)] = ""
    source: Annotated[str, Field(max_length=300, description="The script or stream, without its query")] = ""
    line: Count | None = None
    column: Count | None = None
    stack: Annotated[str, Field(max_length=4096)] = ""
    page: Annotated[str, Field(max_length=300, description="The page's path, without its query")] = ""
    count: Annotated[int, Field(ge=1, le=_INTEGER)] = 1
    detail: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z_]{1,30}$")], Fact],
        Field(
            max_length=12, description="Of a stall or reconnect: how long it took, and after how many tries"
        ),
    ] = {}
    version: Annotated[str, Field(max_length=40)] = ""
    last_trace_id: Annotated[TraceId, Field(description="The newest trace id the page had seen")] = ""


class Reports(_Strict):
    reports: Annotated[list[Report], Field(min_length=1, max_length=MOST_AT_ONCE)]


class Accepted(Schema):
    accepted: int


@router.post(
    "/ui-errors",
    auth=access(Permission.SEE_CALLS),  # everybody's pages may break
    response=answers(Accepted, 400, 429, status=202),
    summary="Report what went wrong in a page",
)
def report_ui_errors(request: HttpRequest, told: Reports | Report):
    """One report, or up to 20 as `{"reports": […]}`; 60 a minute of one person or program."""
    several = told.reports if isinstance(told, Reports) else [told]
    try:
        accepted = reports.keep(
            request.viewer, [one.dict() for one in several], request.headers.get("user-agent", "")
        )
    except reports.TooMany as refusal:
        return _later(refusal.args[0])
    return Status(202, {"accepted": accepted})


def _later(seconds: int) -> HttpResponse:
    response = json_error(429)
    response["Retry-After"] = str(seconds)
    return response
