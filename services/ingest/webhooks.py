"""Webhooks of configured sources: the signature over the raw bytes first, then the mapping, then the same road as any event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi import Path as PathParameter
from standardwebhooks import Webhook
from starlette.concurrency import run_in_threadpool

from services.ingest.acceptance import Receipt
from services.ingest.deliveries import Delivery
from services.ingest.examples import WEBHOOK, bodies
from services.ingest.mapping import Repair, Source, SourceError, load_source
from shared.auth import Unauthenticated
from shared.contracts.base import instant_text
from shared.contracts.topics import DEALS, DELIVERIES
from shared.log.port import MAX_RECORD_BYTES
from shared.problems import NotFound, TooLarge
from shared.settings import Settings

if TYPE_CHECKING:
    from services.ingest.api import Intake

SIGNED: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Sources:
    """The sources of a folder, one YAML file each, with their live secrets. Read when the service starts."""

    def __init__(self, folder: Path | None) -> None:
        """Read every source.

        Raises:
            SourceError: a file is not a source, or one that another file is.
            OSError: a file or secret cannot be read.
        """
        self.known: dict[str, Source] = {}
        self._secrets: dict[str, list[Webhook]] = {}
        for path in sorted(folder.glob("*.yaml")) if folder else []:
            source = load_source(path)
            if source.source in self.known:
                raise SourceError(f"{path.name}: source {source.source} is in another file already")
            self.known[source.source] = source
            if source.signing is not None:
                secrets = [(path.parent / secret).read_text().strip() for secret in source.signing.secrets]
                self._secrets[source.source] = [Webhook(secret) for secret in secrets]

    def verified(self, name: str, body: bytes, headers: Mapping[str, str]) -> Source:
        """The source that signed these bytes, by any of its live secrets, within five minutes of now.

        Raises:
            NotFound: no source of this name takes webhooks.
            Unauthenticated: no live secret made the signature, or it is too old or from the future.
        """
        if name not in self._secrets:
            raise NotFound(f"no source {name} takes webhooks here")
        if missing := [header for header in SIGNED if header not in headers]:
            raise Unauthenticated(
                f"the delivery is not signed: send the header {missing[0]}, as Standard Webhooks says"
            )
        for secret in self._secrets[name]:
            try:
                secret.verify(body, dict(headers), json_parse=False)
            except Exception:  # the library raises several kinds of its own and others on malformed input
                continue
            return self.known[name]
        raise Unauthenticated("the signature does not match these bytes, or its time is too far from now")


class DeliveryTooLarge(TooLarge):
    """More than is taken in one delivery."""

    title = "The delivery is too large"


class DeliveryReceipt(Receipt):
    """The answer to a delivery. `passed_over` items were of no interest; `repairs` are values the source file mends."""

    passed_over: int
    repairs: list[Repair]


class Webhooks:
    """The route of webhooks."""

    def __init__(self, settings: Settings, sources: Sources, intake: Intake) -> None:
        self._settings, self._sources, self._intake = settings, sources, intake

    def add_to(self, app: FastAPI) -> None:
        """Add the route."""

        @app.post(
            "/v1/webhooks/{source}",
            status_code=HTTPStatus.ACCEPTED,
            response_model=DeliveryReceipt,
            openapi_extra=bodies(WEBHOOK),
        )
        async def webhook(request: Request, source: Annotated[str, PathParameter(max_length=128)]) -> Response:
            """Take what a configured source sends, signed by Standard Webhooks.

            Items that are of no interest are passed over. A signed delivery is never answered with an error that would make its
            sender try again in vain: what is not valid is named in the receipt, and the delivery is kept as a dead letter.
            """
            body = await request.body()
            known = self._sources.verified(source, body, request.headers)
            if len(body) > MAX_RECORD_BYTES:
                raise DeliveryTooLarge(f"a delivery may have {MAX_RECORD_BYTES:,} bytes at most")
            sent = datetime.fromtimestamp(float(request.headers["webhook-timestamp"]), UTC)
            return await self._take(known, Delivery(source, request.headers["webhook-id"], instant_text(sent), body))

    async def _take(self, source: Source, delivery: Delivery) -> Response:
        found = await run_in_threadpool(delivery.read, source, self._settings.zone, self._intake.columns)
        await self._intake.durable(DEALS, found.records)
        if found.receipt["rejected"]:
            await self._intake.durable(DELIVERIES, [delivery.record()])
        self._intake.count(source.source, found.receipt | {"ignored": found.receipt["passed_over"]})
        return Response(orjson.dumps(found.receipt), HTTPStatus.ACCEPTED, media_type="application/json")
