"""The web app of a service: its routers, and what is the same everywhere: problems, keys, health, readiness, metrics, a
body limit.

What routes depend on is in `shared.deps`, answers with bytes and pages of lists in `shared.http`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import deps
from shared.access.audit import Audit
from shared.access.callers import Callers
from shared.access.database import AccessDatabase
from shared.access.key_file import KeyFile
from shared.admission.limits import PLACES
from shared.admission.requests import BY_KEY, Admission, Allow
from shared.deps import Clock, utc_now
from shared.http import PROBLEM_MEDIA_TYPE, body_response, problem_response
from shared.log.worker import TRANSIENT
from shared.problems import Problem, ProblemDetails, Unavailable, Unprocessable, field_errors, problem_body
from shared.settings import Settings

REQUEST_ID: Final = b"x-request-id"
REQUEST_ID_FORM: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""What of a caller's own name is taken over: it goes into logs and headers, so no blanks, no line breaks, no end of its
length.
"""

_PLACE: Final = re.compile(r"^(?:body|path|query|header)\.")
"""In which part of a request a field is; in a sentence for people its name is enough."""

PROBLEM: Final = {
    "description": "A problem (RFC 9457) with a stable type",
    "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
}

_logger = structlog.get_logger(__name__)


def create_app(
    title: str,
    description: str,
    *,
    settings: Settings,
    ready: Callable[[], list[str]],
    routers: Iterable[APIRouter] = (),
    engine: Engine | None = None,
    view: Engine | None = None,
    clock: Clock = utc_now,
    access: AccessDatabase | None = None,
    provide: Iterable[object] = (),
    tags: Mapping[str, str] | None = None,
    remarks: Callable[[], list[str]] = list,
    database_away: str = "the database does not answer",
    allow: Allow = BY_KEY,
    places: int = PLACES,
) -> FastAPI:
    """An app of these routers.

    Args:
        title: the name of the API.
        description: what it is for, in a sentence.
        settings: of the installation; routes have them as `shared.deps.SettingsDep`.
        ready: returns what keeps the service from doing its work, in sentences; nothing when it can.
        routers: the service's routes.
        engine: the service's database, if its routes change it (`EngineDep`).
        view: the service's database by the login that reads for people, if its routes do (`SnapshotDep`).
        clock: the present (`ClockDep`).
        access: people and the company's systems, beside the installation's own machines in the key file, and what is
            recorded of them in the audit log.
        provide: objects of the service's own that its routes depend on, found by their class (`shared.deps.provided`).
        remarks: returns what somebody should mend and does not keep the service from its work, in sentences.
        tags: what the operations of a tag have in common, by tag.
        database_away: what is said when database or log fail during a request.
        allow: what is taken of the body of a request, as its head shows.
        places: how many requests are worked on at once.
    """
    # Its interactive pages come from this service: the reader's browser needs no way to the internet.
    app = FastAPIOffline(
        redoc_url=None,
        title=title,
        description=description,
        version="1",
        generate_unique_id_function=operation_id,
        openapi_tags=[{"name": name, "description": text} for name, text in (tags or {}).items()] or None,
    )
    deps.install(app, settings=settings, engine=engine, view=view, clock=clock, provide=provide)
    machines = KeyFile(settings.keys_file)
    app.state.access = access
    app.state.callers = Callers(machines, *([access] if access else []))
    _answer_with_problems(app, database_away)
    _document_problems(app)
    # The one added last is asked first: a request has its name before anything can refuse it.
    if access is not None:
        app.add_middleware(Audit, log=access)
    app.add_middleware(Admission, find=app.state.callers.caller, allow=allow, places=places)
    app.add_middleware(_NoNul)
    app.add_middleware(_RequestId)
    app.include_router(_operations(ready, lambda: machines.remarks() + remarks()))
    for router in routers:
        app.include_router(router)
    return app


def operation_id(route: APIRoute) -> str:
    """The name of the route's function: what generated clients call the operation. FastAPI's own is
    `list_runs_v1_runs_get`.
    """
    return route.name


def _operations(ready: Callable[[], list[str]], remarks: Callable[[], list[str]]) -> APIRouter:
    """What orchestrators and Prometheus ask for; none of it needs a key."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> Response:
        # It lives: answered by the event loop itself, so that a full pool of threads is no reason to be killed.
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    def readyz() -> Response:
        reasons = ready()
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        said = {"remarks": found} if (found := remarks()) else {}
        return JSONResponse({"ready": not reasons, "reasons": reasons} | said, status)

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def _framework_problem(error: HTTPException) -> Response:
    """The framework's own errors as problems, named after their status."""
    phrase = HTTPStatus(error.status_code).phrase
    kind = phrase.lower().replace(" ", "-")
    body = problem_body(kind, title=phrase, status=error.status_code, detail=str(error.detail))
    return body_response(body, dict(error.headers or {}))


def _answer_with_problems(app: FastAPI, database_away: str) -> None:
    """Have every error, ours and the framework's, answered as a problem."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, problem: Problem) -> Response:
        return problem_response(problem)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        errors = field_errors(error)
        detail = "; ".join(f"{_PLACE.sub('', mistake['field'])}: {mistake['reason']}" for mistake in errors)
        return problem_response(Unprocessable(detail, errors=errors))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        return _framework_problem(error)

    async def _unavailable(_: Request, __: Exception) -> Response:
        return problem_response(Unavailable(database_away))

    for transient in TRANSIENT:
        app.add_exception_handler(transient, _unavailable)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        # Nothing of the error is told: its message may quote somebody's pay. The name of the request leads to the log.
        _logger.error("http.unexpected", path=request.scope["path"], error=type(error).__name__, exc_info=error)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        detail = f"the error is in the service's log, request {structlog.contextvars.get_contextvars().get('request')}"
        return body_response(problem_body("internal-error", title=status.phrase, status=status, detail=detail), {})


def _document_problems(app: FastAPI) -> None:
    """Have the OpenAPI say of every operation that its errors are problems; FastAPI would say something else."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemDetails"] = ProblemDetails.model_json_schema()
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                operation["responses"] |= {"4XX": PROBLEM, "5XX": PROBLEM}
        return document

    app.openapi = openapi  # type: ignore[method-assign]


class _RequestId:
    """Names each request, with the caller's own `x-request-id` where there is one: every log line of it and its answer
    say so.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(REQUEST_ID, b"")
        name = given if REQUEST_ID_FORM.fullmatch(given) else uuid.uuid4().hex.encode()
        # Of this request alone: its task copied the context.
        structlog.contextvars.bind_contextvars(request=name.decode())

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (REQUEST_ID, name)]
            await send(message)

        await self._app(scope, receive, named)


class _NoNul:
    """Refuses the character NUL in path and query: PostgreSQL holds no text with it, so nothing has such a name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            fields = [f"query.{name}" for name, value in asked if "\0" in name + value]
            if "\0" in scope["path"]:
                fields = ["path"]
            if fields:
                errors = [{"field": field.replace("\0", ""), "reason": "it has the character NUL"} for field in fields]
                refusal = Unprocessable(f"{errors[0]['field']}: {errors[0]['reason']}", errors=errors)
                await problem_response(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)
