"""Who fetches, acknowledges and reconciles payroll batches, and runs to release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine

from services.payout.payroll.batch import Batch
from services.payout.payroll.line import PayrollLine, ReleasedRun
from services.payout.payroll.policy import DEFAULT, PayrollProfile
from services.payout.payroll.store import release
from tests.services.payout.payroll.payroll_worlds import line

NOW = datetime(2026, 7, 3, 9, 0, 0, 250000, tzinfo=UTC)
KEYS: dict[str, dict[str, Any]] = {
    "dana": {"scopes": ["runs:write", "earnings:read", "payroll:read"]},
    "payroll": {"scopes": ["payroll:read", "payroll:write"]},
    "adp": {"scopes": ["payroll:read", "payroll:write"], "pay_groups": ["elsewhere"]},
    "east": {"scopes": ["payroll:read", "payroll:write"], "pay_groups": ["sales"], "entities": ["EAST"]},
    "west": {"scopes": ["runs:write", "earnings:read", "payroll:read"], "entities": ["WEST"]},
}
RUN = ReleasedRun(
    id="run-2026-06-1",
    pay_group="sales",
    period="2026-06",
    period_end=date(2026, 6, 30),
    pay_date=date(2026, 7, 31),
    acknowledge_by=date(2026, 7, 29),
)
LINES = (
    line("generic", id="a", participant_id="ada", amount=123456),
    line("generic", id="b", participant_id="bo", payroll_id="E-52", amount=98700),
    line("generic", id="c", participant_id="bo", payroll_id="E-52", amount=-2500, pay_code="clawback"),
)


class PayrollDesk:
    """The API as payroll systems and people see it."""

    def __init__(self, client: TestClient, engine: Engine, answered: list[tuple[str, list[str]]]) -> None:
        self.client, self.engine, self.answered = client, engine, answered

    def get(self, path: str, who: str = "payroll", **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(f"/v1/payroll/{path}", headers={"authorization": f"Bearer key-{who}", **named})

    def post(self, path: str, body: Any, who: str = "payroll", **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            f"/v1/payroll/{path}", json=body, headers={"authorization": f"Bearer key-{who}", **named}
        )

    def release(
        self, lines: Sequence[PayrollLine] = LINES, run: ReleasedRun = RUN, profile: PayrollProfile = DEFAULT
    ) -> list[Batch]:
        with self.engine.begin() as connection:
            return release(connection, run, lines=lines, profile=profile, actor="dana", now=NOW)

    def ack(self, batch: Batch, key: str = "key-00001", status: str = "accepted", **changed: Any) -> Response:
        body = {
            "status": status,
            "sha256": batch.sha256,
            "record_count": batch.record_count,
            "control_totals": batch.control_totals,
        }
        return self.post(f"batches/{batch.head.batch}/ack", body | changed, idempotency_key=key)
