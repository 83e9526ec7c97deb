"""The HTTP interface for what comes back: acknowledgements, lines that payroll returned, and what payroll says it paid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Header
from sqlalchemy import Connection, Engine

from services.payout.payroll import store as batches
from services.payout.payroll import store_answers as store
from services.payout.payroll.acknowledgement import mismatches, returned_lines
from services.payout.payroll.errors import Mismatch
from services.payout.payroll.reconciliation import Reconciliation, reconcile
from services.payout.payroll.routes import BatchId, batch_views
from services.payout.payroll.schemas import (
    AckBody,
    BatchView,
    ReconcileBody,
    ReconciliationView,
    Resolution,
    ReturnedLine,
    ReturnedLines,
)
from services.payout.payroll.store_answers import OnAnswer
from shared.auth import Principal, require
from shared.metrics import PAYROLL_MISMATCHES
from shared.money import MoneyError
from shared.problems import Unprocessable

System = Annotated[Principal, Depends(require("payroll:write"))]
Reader = Annotated[Principal, Depends(require("earnings:read"))]
Writer = Annotated[Principal, Depends(require("runs:write"))]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The same for every try of one request",
    ),
]

_logger = structlog.get_logger(__name__)


def add_returns(
    app: FastAPI, engine: Engine, snapshot: Engine, now: Callable[[], datetime], on_answer: OnAnswer
) -> None:
    """Add the routes; `on_answer` does what else an acknowledgement means, in its transaction."""

    @app.post("/v1/payroll/batches/{batch_id}/ack")
    def acknowledge(who: System, batch_id: BatchId, body: AckBody, idempotency_key: Key) -> BatchView:
        """Say that payroll has the batch: these bytes, this many rows, these totals; and which rows it does not take.

        A mismatch is a conflict and an alert. Rejected rows wait for a person, and can be released again in another batch.
        """
        with engine.begin() as connection:
            batch = batches.batch(connection, batch_id, groups=who.pay_groups)
            kept = body.model_dump(mode="json")
            if not store.repeated(connection, batch_id, key=idempotency_key, body=kept):
                receipt = body.receipt()
                if fields := mismatches(batch, receipt):
                    PAYROLL_MISMATCHES.inc()
                    _logger.warning("payroll.mismatch", batch=batch_id, fields=fields, actor=who.name)
                    raise Mismatch(batch_id, fields)
                returned = returned_lines(batch_id, receipt, lines=batches.lines(connection, batch_id))
                store.acknowledge(
                    connection, batch, key=idempotency_key, body=kept, returned=returned, by=who.name, at=now()
                )
                on_answer(connection, batch, [line for line, _ in returned], who.name, now())
                _logger.info("payroll.acknowledged", batch=batch_id, status=receipt.status, actor=who.name)
            (view,) = batch_views(connection, [batch])
        return view

    @app.get("/v1/payroll/returned")
    def returned_by_payroll(who: Reader) -> ReturnedLines:
        """The lines that payroll returned and nobody has dealt with, the longest waiting first."""
        with snapshot.connect() as connection:
            found = store.open_lines(connection, who.pay_groups)
        return ReturnedLines(lines=[ReturnedLine.of(each) for each in found])

    @app.post("/v1/payroll/returned/resolve")
    def resolve(who: Writer, body: Resolution) -> ReturnedLines:
        """Say what was done about a returned line, and see what still waits. It is paid again by the run that takes it up."""
        with engine.begin() as connection:
            batches.batch(connection, body.batch, groups=who.pay_groups)
            store.resolve(connection, body.batch, line=body.line, reason=body.reason, by=who.name, at=now())
            found = store.open_lines(connection, who.pay_groups)
        _logger.info("payroll.resolved", batch=body.batch, actor=who.name)
        return ReturnedLines(lines=[ReturnedLine.of(each) for each in found])

    @app.post("/v1/payroll/batches/{batch_id}/reconciliation", status_code=HTTPStatus.CREATED)
    def reconcile_batch(who: Writer, batch_id: BatchId, body: ReconcileBody) -> ReconciliationView:
        """Compare what payroll says it paid with what was released: underpaid, overpaid, missing, unexpected."""
        try:
            paid = body.rows()
        except MoneyError as error:
            raise Unprocessable(str(error)) from None
        with engine.begin() as connection:
            batches.batch(connection, batch_id, groups=who.pay_groups)
            result = reconcile(
                batches.lines(connection, batch_id), paid, returned=store.returned_from(connection, batch_id)
            )
            return _kept(connection, batch_id, body.source, result, who.name, now())


def _kept(
    connection: Connection, batch_id: str, source: str, result: Reconciliation, by: str, at: datetime
) -> ReconciliationView:
    view = ReconciliationView.of(batch_id, number=0, source=source, result=result)
    number = store.add_reconciliation(
        connection, batch_id, source=source, result=view.model_dump(mode="json"), by=by, at=at
    )
    return view.model_copy(update={"number": number})
