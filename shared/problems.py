"""What can go wrong, told over HTTP as RFC 9457 problems with a stable type; domain errors are these classes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar, Final

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from shared.contracts.base import CURRENCY, IDENTIFIER, NAME, PERIOD, RUN_ID

MEDIA_TYPE = "application/problem+json"

FORMS: Final = {
    IDENTIFIER: "write letters without accents, digits and . _ : @ / + - only, beginning with a letter or digit",
    NAME: "write small letters, digits and _ only, beginning with a letter",
    CURRENCY: "write a currency in three capitals, for example USD",
    PERIOD: "write a month as 2025-03",
    RUN_ID: "write the id of a run as run-2025-03-1",
}
"""What to tell people instead of a pattern."""

_logger = structlog.get_logger(__name__)


class ProblemDetails(BaseModel):
    """The body of an error answer (RFC 9457). `errors` names fields and reasons where the request itself is at fault."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None


class Problem(Exception):
    """An error a caller can act on. Subclasses name their type and status; the facts are attributes and travel along."""

    type: ClassVar[str] = "invalid-request"
    title: ClassVar[str] = "The request cannot be carried out"
    status: ClassVar[int] = HTTPStatus.BAD_REQUEST

    def __init__(self, detail: str, headers: dict[str, str] | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail, self.headers, self.facts = detail, headers or {}, facts

    def body(self) -> dict[str, Any]:
        """The problem as data."""
        return _body(self.type, self.title, self.status, self.detail) | self.facts


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


class Unavailable(Problem):
    """Something this service depends on does not answer; nothing was done, try again."""

    type = "unavailable"
    title = "Temporarily unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str, retry_after: int = 1, **facts: Any) -> None:
        super().__init__(detail, {"retry-after": str(retry_after)}, **facts)


def field_errors(error: ValidationError | RequestValidationError) -> list[dict[str, str]]:
    """Field and reason of each mistake; the values themselves stay out, they may be somebody's pay."""
    return [
        {
            "field": ".".join(str(part) for part in found["loc"]) or "body",
            "reason": FORMS.get(found.get("ctx", {}).get("pattern", ""))
            or str(found["msg"]).removeprefix("Value error, "),
        }
        for found in error.errors()
    ]


def answer(problem: Problem) -> Response:
    """The HTTP answer of a problem."""
    return _response(problem.body(), problem.headers)


def http_answer(error: HTTPException) -> Response:
    """The framework's own errors as problems, named after their status."""
    phrase = HTTPStatus(error.status_code).phrase
    kind = phrase.lower().replace(" ", "-")
    return _response(_body(kind, phrase, error.status_code, str(error.detail)), dict(error.headers or {}))


def install(app: FastAPI) -> None:
    """Make the app tell every error as a problem."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, problem: Problem) -> Response:
        return answer(problem)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        errors = field_errors(error)
        detail = "; ".join(f"{found['field']}: {found['reason']}" for found in errors)
        return answer(Unprocessable(detail, errors=errors))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        return http_answer(error)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        _logger.error("http.unexpected", path=request.scope["path"], error=type(error).__name__, exc_info=error)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        name = structlog.contextvars.get_contextvars().get("request")
        return _response(
            _body("internal-error", status.phrase, status, f"the error is in the service's log, request {name}"), {}
        )


def _body(kind: str, title: str, status: int, detail: str) -> dict[str, Any]:
    return {"type": f"urn:earnest:problem:{kind}", "title": title, "status": int(status), "detail": detail}


def _response(body: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(body, default=str), body["status"], headers, media_type=MEDIA_TYPE)
