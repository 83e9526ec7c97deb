"""What can go wrong, as classes with the facts in attributes; over HTTP they are RFC 9457 problems (`shared.web`).

    Problem                 400 invalid-request
    |- NotFound             404 not-found
    |- Conflict             409 conflict: what does not fit the state things are in
    |- Unprocessable        422 invalid-content: what was understood, and is wrong
    |- TooLarge             413 request-entity-too-large
    |- Busy                 429 busy: with `retry-after`; nothing was taken
    |- Unavailable          503 unavailable: with `retry-after`; nothing was done
    |- Unauthenticated      401 unauthenticated: no key, or one that is not known
    `- Forbidden            403, in `shared.access`

A service adds its own beside its domain: a subclass that names `type` and `title`, and `status` where it is another.
Nothing here knows the web framework, so that a domain can raise them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final, Protocol

from pydantic import BaseModel

from shared.contracts.base import (
    CURRENCY,
    EVERYONE_OR_ID,
    IDENTIFIER,
    NAME,
    PAY_PERIOD,
    PERIOD,
    RUN_ID,
    WITHOUT_CONTROLS,
    WITHOUT_NUL,
)

FORMS: Final = {
    IDENTIFIER: "write letters without accents, digits and . _ : @ / + - only, beginning with a letter or digit",
    EVERYONE_OR_ID: "write letters without accents, digits and . _ : @ / + - only, beginning with a letter or digit; or"
    " * alone for everyone",
    NAME: "write small letters, digits and _ only, beginning with a letter",
    CURRENCY: "write a currency in three capitals, for example USD",
    PERIOD: "write a month as 2025-03",
    PAY_PERIOD: "write a pay period as 2025-03, 2025-03-A or 2025-B06: `earnest calendar show` names them",
    WITHOUT_NUL: "write a text without the character NUL",
    WITHOUT_CONTROLS: "write a text without control characters",
    RUN_ID: "write the id of a run as run-2025-03-1",
}
"""What to tell people instead of a pattern."""


class ProblemDetails(BaseModel):
    """The body of an error answer (RFC 9457). `errors` names fields and reasons where the request itself is at
    fault.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None


class Problem(Exception):
    """An error a caller can act on. Subclasses name their type and status; the facts are attributes and travel
    along.
    """

    type: ClassVar[str] = "invalid-request"
    title: ClassVar[str] = "The request cannot be carried out"
    status: ClassVar[int] = HTTPStatus.BAD_REQUEST

    def __init__(self, detail: str, headers: dict[str, str] | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail, self.headers, self.facts = detail, headers or {}, facts

    def body(self) -> dict[str, Any]:
        """The problem as data."""
        return problem_body(self.type, title=self.title, status=self.status, detail=self.detail) | self.facts


class Unauthenticated(Problem):
    """No key, or one that is not known."""

    type = "unauthenticated"
    title = "Who is calling?"
    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"www-authenticate": "Bearer"})


class NotFound(Problem):
    """There is no such thing."""

    type = "not-found"
    title = "Not found"
    status = HTTPStatus.NOT_FOUND


class Conflict(Problem):
    """The request does not fit the state things are in."""

    type = "conflict"
    title = "Conflict with the current state"
    status = HTTPStatus.CONFLICT


class Unprocessable(Problem):
    """The request was understood, and what it says is wrong."""

    type = "invalid-content"
    title = "The content is not valid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooLarge(Problem):
    """More than is taken at once."""

    type = "request-entity-too-large"
    title = "Too large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Busy(Problem):
    """As many requests wait as may; nothing of this one was taken, so that sending it again is safe."""

    type = "busy"
    title = "Too many requests are waiting"
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, detail: str) -> None:
        # A second is longer than what waits usually takes, and short enough for a sender that gives up soon.
        super().__init__(detail, {"retry-after": "1"})


class Unavailable(Problem):
    """Something this service depends on does not answer; nothing was done, try again."""

    type = "unavailable"
    title = "Temporarily unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str, retry_after: int = 1, **facts: Any) -> None:
        super().__init__(detail, {"retry-after": str(retry_after)}, **facts)


class _Invalid(Protocol):
    """pydantic's `ValidationError` and FastAPI's `RequestValidationError`."""

    def errors(self) -> Sequence[Any]: ...


def field_errors(error: _Invalid) -> list[dict[str, str]]:
    """Field and reason of each mistake; the values themselves stay out, they may be somebody's pay."""
    return [
        {
            # A key that is wrong has this behind its name, and `splits.zoe` says it all.
            "field": ".".join(str(part) for part in mistake["loc"] if part != "[key]") or "body",
            "reason": reason_of(mistake),
        }
        for mistake in error.errors()
    ]


def reason_of(mistake: Mapping[str, Any]) -> str:
    """What is wrong with a field, in words; those of pydantic where there are no better ones."""
    facts = mistake.get("ctx", {})
    if (form := FORMS.get(facts.get("pattern", ""))) is not None:
        return form
    if (words := _WORDS.get(mistake["type"])) is not None:
        return words.format(**facts)
    return str(mistake["msg"]).removeprefix("Value error, ")


_WORDS: Final = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such field",
    "string_too_short": "write at least {min_length} characters",
    "string_too_long": "write at most {max_length} characters",
    "too_short": "say at least {min_length}",
    "too_long": "say at most {max_length}",
    "greater_than": "it has to be more than {gt}",
    "greater_than_equal": "it has to be at least {ge}",
    "less_than": "it has to be less than {lt}",
    "less_than_equal": "it has to be at most {le}",
    "string_type": "write a text",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "decimal_type": "write a number",
    "decimal_parsing": "write a number",
    "date_type": "write a day as 2025-03-31",
    "date_parsing": "write a day as 2025-03-31",
    "date_from_datetime_parsing": "write a day as 2025-03-31",
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"),
        "write an instant with its time zone, as 2025-03-31T17:00:00Z",
    ),
    **dict.fromkeys(("list_type", "tuple_type"), "write a list"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "write an object: fields with their values"),
    "decimal_max_places": "write at most {decimal_places} decimals",
    **dict.fromkeys(("literal_error", "enum"), "write one of {expected}"),
    "string_pattern_mismatch": "it has another form than is needed here, or characters that are not taken",
    "uuid_parsing": "write a UUID",
    "json_invalid": "this is no JSON",
}
"""What to tell people instead of the words of pydantic, by its type of error."""


def problem_body(kind: str, *, title: str, status: int, detail: str) -> dict[str, Any]:
    """The members that every problem has. `kind` is the end of its `type`, which never changes once clients may know
    it.
    """
    return {"type": f"urn:earnest:problem:{kind}", "title": title, "status": int(status), "detail": detail}
