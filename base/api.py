"""What all paths of the JSON API share: how values look, how it says no, whose rows they are, how lists are
paged.

An operation reads like its flow, and is called as its function is:

    @router.patch("/tools/{uuid:tool}", auth=EDITORS, response=answers(ToolOut, 400, 404), summary="…")
    def edit_tool(request, tool: UUID, told: ToolChange):
        row = found(request, Tool, tool)  # of the asker's workspace, or 404
        form = checked(ToolForm(as_typed(was | told.given())))  # or 400, with a problem for each field
        with unique("name"):  # or 400: somebody else was quicker
            provision.edit(row, form.fields_typed, by=request.viewer.actor_id)
        return _tool(row)

A list answers `page_of(ToolOut)` with `listed(request, Tool, asked, _tool)`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeVar
from uuid import UUID

from django import forms
from django.core.exceptions import BadRequest
from django.db import IntegrityError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    create_model,
    model_validator,
)

from base.cursors import make_cursor, read_cursor
from base.errors import SAYINGS, Faulty, json_error
from base.ids import first_uuid7

MOST = 200  # items in one answer
_MOST_FAULTS = 20
_UNPROVEN = "Sign in, or send an API token as Authorization: Bearer es_…"
# Ids are made by the process that writes a row, `created_at` by whichever clock it has: they differ by less.
_CLOCKS_DIFFER = timedelta(minutes=1)

# --- Values ---------------------------------------------------------------------------------------------

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})")


def _day(value: Any) -> Any:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("give a date as 2026-11-20")
    return value


def _followed(day: date) -> date:
    if day == date.max:
        raise ValueError("there is no day after it")
    return day


def _moment(value: Any) -> Any:
    if isinstance(value, str) and not _MOMENT.fullmatch(value):
        raise ValueError("give a time with its zone as 2026-11-20T09:00:00Z; write + as %2B")
    return value


def _in_utc(moment: datetime) -> datetime:
    # PostgreSQL takes zones up to 16 hours; written by people there are others.
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this is out of range") from error


# A day in UTC, a moment with its zone, some printable text, and an amount of money.
Day = Annotated[
    date,
    BeforeValidator(_day),
    AfterValidator(_followed),
    WithJsonSchema({"type": "string", "format": "date", "example": "2026-11-20"}),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-11-20T09:00:00Z"}),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern="^[ -~]+$")]
Money = Annotated[
    str, Field(pattern=r"^\d+(\.\d+)?$", description="USD, as a decimal.", examples=["0.070600"])
]


def money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


# --- How it says no -------------------------------------------------------------------------------------


class Fault(Schema):
    field: str = Field(examples=["limit"])
    problem: str = Field(examples=["Input should be less than or equal to 200"])


class Problem(Schema):
    code: str = Field(examples=["invalid_request"])
    message: str = Field(description="For people.")
    trace_id: str = Field(
        description="The same as in X-Trace-Id.", examples=["4bf92f3577b34da6a3ce929d0e0e4736"]
    )
    details: list[Fault] | None = Field(
        None, description="Of `invalid_request`: what is wrong with which field."
    )


class Refusal(Schema):
    """Every error of every path has this shape."""

    error: Problem


def answers(model: Any, *refusals: int, status: int = 200) -> dict[int, Any]:
    """What an operation may answer, for `response=`: its model, 401, 403 and the given ones."""
    return {status: model} | dict.fromkeys(sorted({401, 403, *refusals}), Refusal)


def invalid(faults: Mapping[str, str]) -> ValidationError:
    """To be raised by an operation that finds more wrong than its types say: field → what is wrong. A service
    raises `Faulty`."""
    return ValidationError([{"loc": ("asked", field), "msg": problem} for field, problem in faults.items()])


AnyForm = TypeVar("AnyForm", bound=forms.BaseForm)


def checked(form: AnyForm) -> AnyForm:
    """The form, which is valid; else it is 400 with the first problem of each field."""
    if not form.is_valid():
        raise invalid({field: problems[0] for field, problems in form.errors.items()})
    return form


@contextmanager
def unique(field: str) -> Iterator[None]:
    """Around a write that a unique constraint may refuse though a form has looked: 400 if somebody else was
    quicker by a moment."""
    try:
        yield
    except IntegrityError:
        raise invalid({field: f"that {field} is taken"}) from None


class Api(NinjaAPI):
    """A NinjaAPI that says no in our shape; what it does not know goes to Django's handlers, which do so too.
    Its operations are called as their functions are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._described: dict[str, OpenAPISchema] = {}

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Made once: it takes two seconds of CPU, and nothing in it changes once a site is up."""
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        if prefix not in self._described:  # there are as many as there are places it is mounted at
            self._described[prefix] = super().get_openapi_schema(path_prefix=prefix)
        return self._described[prefix]

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def set_default_exception_handlers(self) -> None:
        self.add_exception_handler(ValidationError, _invalid_request)  # type: ignore[arg-type]
        self.add_exception_handler(Faulty, _faulty)  # type: ignore[arg-type]
        self.add_exception_handler(HttpError, _refused)  # type: ignore[arg-type]


def _invalid_request(request: HttpRequest, error: ValidationError) -> HttpResponse:
    details = [
        {"field": _field(fault["loc"]), "problem": fault["msg"].removeprefix("Value error, ")}
        for fault in error.errors[:_MOST_FAULTS]
    ]
    return json_error(400, "invalid_request", "Something in this request isn’t valid.", details)


def _faulty(request: HttpRequest, error: Faulty) -> HttpResponse:
    return _invalid_request(request, invalid(error.faults))


def _field(location: tuple) -> str:
    """Where it is wrong, without the source of it (query, body) and the name of our own argument."""
    # Nor with what pydantic calls the ways of reading it where there are several.
    ours = [str(part) for part in location[1:] if part not in ("asked", "told")]
    names = [part for part in ours if not part.startswith("function-")]
    # As a name came: JSON may hold halves of characters, which no answer can.
    return (".".join(names) or str(location[0])).encode(errors="replace").decode()


def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 400:
        details = [{"field": "body", "problem": "this is not JSON"}]
        return json_error(400, "invalid_request", "Something in this request isn’t valid.", details)
    if error.status_code != 401:
        return json_error(error.status_code)
    by_token = request.headers.get("authorization", "")[:7].lower() == "bearer "
    message = "This API token is unknown, revoked or expired." if by_token else _UNPROVEN
    response = json_error(401, message=message)
    response["WWW-Authenticate"] = "Bearer"
    return response


def sayings() -> str:
    """The codes every path may answer with, for the description of the API."""
    return "\n".join(f"- `{status}` `{code}`: {title}." for status, (code, title, _) in SAYINGS.items())


# --- What is asked and told -----------------------------------------------------------------------------


class Asked(Schema):
    """What an address asks for. An unknown name is refused: misspelt, it would silently ask for more."""

    @model_validator(mode="after")
    def _knows_its_names(self, info: ValidationInfo) -> "Asked":
        if info.context and "request" in info.context:
            known = {field.alias or name for name, field in type(self).model_fields.items()}
            unknown = sorted(set(info.context["request"].GET) - known)
            if unknown:
                raise invalid({name[:60]: "there is no such parameter" for name in unknown})
        return self


class Shown(BaseModel):
    """What an operation answers with that makes it of plain values itself. A `Schema` can be read off rows,
    too, and for that looks at every value in Python: of a list of calls that was the greater part of the
    work. A list is given as its page, so that it is not checked a second time."""


class Told(Schema):
    """What a body says. An unknown name is refused: misspelt, it would silently be left out."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """What was said, as JSON has it; what was left out is to stay as it is."""
        try:
            return self.model_dump(mode="json", exclude_unset=True)
        except ValueError as error:  # pydantic reads deeper than it writes
            raise invalid({"body": "this cannot be kept: it is nested too deep"}) from error


def bounded(field: Any) -> Any:
    """A whole number that may be left out, within the bounds of a form's IntegerField."""
    return Field(None, strict=True, ge=field.min_value, le=field.max_value)


# --- Rows and lists -------------------------------------------------------------------------------------

Of = TypeVar("Of", bound=Model)


def ours(request: HttpRequest, rows: type[Of] | QuerySet[Of]) -> Any:
    """Those of `rows` that are of the asker's workspace: a model, or a query of one that says more."""
    query: Any = rows if isinstance(rows, QuerySet) else rows._default_manager.all()
    return query.for_workspace(request.viewer.workspace_id)  # put there by accounts.middleware


def found(request: HttpRequest, rows: type[Of] | QuerySet[Of], row_id: UUID) -> Of:
    """The one of `ours` with this id; else it is 404."""
    return get_object_or_404(ours(request, rows), pk=row_id)


def named(request: HttpRequest, field: str, rows: type[Of] | QuerySet[Of], row_id: UUID) -> Of:
    """The one of `ours` that a field asks for ("agent" an agent); else it is 400."""
    row = ours(request, rows).filter(pk=row_id).first()
    if row is None:
        raise invalid({field: f"there is no such {field}"})
    return row


@cache
def page_of(item: type[BaseModel]) -> type[BaseModel]:
    """What a list answers: that of ToolOut is described as ToolList."""
    name = f"{item.__name__.removesuffix('Out')}List"
    base = Schema if issubclass(item, Schema) else Shown
    return create_model(name, __base__=base, items=list[item], next=str | None)  # type: ignore[valid-type]


class Listing(Asked):
    limit: int = Field(50, ge=1, le=MOST, description="How many items at most.")
    cursor: str = Field(
        "", max_length=100, description="`next` of the answer before; its filters must be the same."
    )


class During(Listing):
    since: Moment = Field(None, description="Not before this time.")
    until: Moment = Field(None, description="Before this time.")

    def narrow(self, rows: Any) -> Any:
        """By the time of writing. Ids are ordered by it, so the index on them finds the way."""
        if self.since:
            rows = rows.filter(created_at__gte=self.since, id__gte=_id_at(self.since, -_CLOCKS_DIFFER))
        if self.until:
            rows = rows.filter(created_at__lt=self.until, id__lt=_id_at(self.until, _CLOCKS_DIFFER))
        return rows


def _id_at(moment: datetime, slack: timedelta) -> UUID:
    return first_uuid7(int((moment.timestamp() + slack.total_seconds()) * 1000))


def listed(
    request: HttpRequest,
    rows: type[Of] | QuerySet[Of],
    asked: Listing,
    shown: Callable[[Of], Any],
    order: str = "-id",
) -> dict[str, Any]:
    """A page of `ours`, each row as `shown`."""
    page, following = paged(ours(request, rows), asked, request.viewer.workspace_id, order)
    return {"items": [shown(row) for row in page], "next": following}


def paged(rows: QuerySet, asked: Listing, within: UUID, order: str = "-id") -> tuple[list, str | None]:
    """One page of `rows`, and the cursor of the next one or None. Counts nothing and skips nothing.

    `within` is what the list belongs to (a workspace, a call): a cursor is good for that list and its filters
    alone. `order` is a column that an index follows, "-" for newest first; equal values go by id.
    """
    scope = f"api:{rows.model._meta.label}:{within}:{asked.model_dump_json(exclude={'limit', 'cursor'})}"
    column, sign = order.lstrip("-"), "-" if order.startswith("-") else ""
    rows = rows.order_by(order) if column == "id" else rows.order_by(order, f"{sign}id")
    if asked.cursor:
        rows = rows.filter(_beyond(rows, column, "lt" if sign else "gt", _row_of(asked.cursor, scope)))
    found = list(rows[: asked.limit + 1])
    if len(found) <= asked.limit:
        return found, None
    return found[:-1], make_cursor(found[-2].pk, "older", scope)


def _row_of(cursor: str, scope: str) -> UUID:
    try:
        return read_cursor(cursor, scope)[0]
    except BadRequest as error:
        raise invalid({"cursor": "it is not one of this list, or the filters have changed"}) from error


def _beyond(rows: QuerySet, column: str, compare: str, row_id: UUID) -> Q:
    if column == "id":
        return Q(**{f"id__{compare}": row_id})
    at = rows.model._default_manager.filter(pk=row_id).values_list(column, flat=True).first()
    if at is None:
        raise invalid({"cursor": "the row it stands at is gone; begin again without it"})
    # The first is true of the others, too, and says where in the index to begin.
    further = Q(**{f"{column}__{compare}": at}) | Q(**{column: at, f"id__{compare}": row_id})
    return Q(**{f"{column}__{compare}e": at}) & further
