"""The web app of a service: problems, keys, health, readiness, metrics and a body limit, the same everywhere."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems
from shared.auth import KeyRing
from shared.settings import Settings

BODY_LIMIT: Final = 10 * 1024 * 1024
REQUEST_ID: Final = b"x-request-id"
REQUEST_ID_FORM: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")

PROBLEM: Final = {
    "description": "A problem (RFC 9457) with a stable type",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
}


def create_app(
    title: str, description: str, settings: Settings, ready: Callable[[], list[str]], body_limit: int = BODY_LIMIT
) -> FastAPI:
    """An app with everything but its own routes.

    `ready` returns what keeps the service from doing its work, in sentences; nothing when it can. `body_limit` is in bytes.
    """
    # Its interactive pages come from this service: the reader's browser needs no way to the internet.
    app = FastAPIOffline(redoc_url=None, title=title, description=description, version="1")
    _tell_of_problems(app)
    app.state.keys = KeyRing(settings.keys_file)
    problems.install(app)
    app.add_middleware(_BodyLimit, limit=body_limit)
    app.add_middleware(_NoNul)
    app.add_middleware(_RequestId)

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> Response:
        reasons = ready()
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        return JSONResponse({"ready": not reasons, "reasons": reasons}, status)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


def _tell_of_problems(app: FastAPI) -> None:
    """Have the OpenAPI say of every operation that its errors are problems; FastAPI would say something else."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemDetails"] = problems.ProblemDetails.model_json_schema()
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                operation["responses"] |= {"4XX": PROBLEM, "5XX": PROBLEM}
        return document

    app.openapi = openapi  # type: ignore[method-assign]


class _RequestId:
    """Names each request, with the caller's own `x-request-id` where there is one: every log line of it and its answer say so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(REQUEST_ID, b"")
        name = given if REQUEST_ID_FORM.fullmatch(given) else uuid.uuid4().hex.encode()
        structlog.contextvars.bind_contextvars(request=name.decode())  # each request has a context of its own

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
            where = (
                ["path"]
                if "\0" in scope["path"]
                else [f"query.{name}" for name, value in asked if "\0" in name + value]
            )
            if where:
                errors = [{"field": field.replace("\0", ""), "reason": "it has the character NUL"} for field in where]
                refusal = problems.Unprocessable(f"{errors[0]['field']}: {errors[0]['reason']}", errors=errors)
                await problems.answer(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _BodyLimit:
    """Refuses a body that is, or turns out to be, larger than the limit. FastAPI's own limit does not answer with a problem."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        refusal = HTTPException(status, f"a body may have {self._limit:,} bytes at most")
        announced = dict(scope["headers"]).get(b"content-length", b"0") if scope["type"] == "http" else b"0"
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise refusal
            return message

        if announced.isdigit() and int(announced) > self._limit:
            await problems.http_answer(refusal)(scope, receive, send)
        else:
            await self._app(scope, counted, send)
