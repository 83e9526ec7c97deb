"""Earnings events as they lie in the log, and people with keys at the API of payout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import orjson
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Connection, Engine, text

from services.payout.app import create_app
from services.payout.tables import metadata
from shared.log.port import Log, Partition, Record, Stored
from shared.log.step import Outcome
from shared.settings import Settings

Book = Callable[[Sequence[Stored]], Outcome]
NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
PEOPLE = {
    "dana": ["runs:write", "earnings:read", "payroll:read", "statements:read", "gl:read"],
    "dora": ["runs:write", "runs:approve", "earnings:read"],
    "frank": ["runs:approve", "earnings:read"],
    "carol": ["runs:approve", "earnings:read"],
    "tina": ["terms:write", "earnings:read"],
    "payroll": ["payroll:read", "payroll:write"],
    "tess": ["terms:write", "earnings:read"],
    "petra": ["changes:approve", "earnings:read"],
    "pat": ["terms:write", "changes:approve", "earnings:read"],
    "wendy": ["runs:write", "earnings:read"],
    "walt": ["runs:approve", "earnings:read"],
    "gerd": ["runs:write", "earnings:read"],
}
LIMITS = {
    "wendy": {"pay_groups": ["weekly"]},
    "walt": {"pay_groups": ["weekly"]},
    "gerd": {"entities": ["acme-gmbh"]},
}
"""The pay groups and legal entities of whoever is limited to some."""

ROLES = {"frank": ["finance"], "carol": ["cfo"], "dora": ["finance"], "walt": ["finance"]}

_positions = count()


class Desk:
    """The API as the people at it see it."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str, who: str = "dana", **headers: str) -> Response:
        return self.client.get(path, headers={"authorization": f"Bearer key-{who}", **headers})

    def post(self, path: str, who: str, body: dict[str, Any] | None = None) -> Response:
        return self.client.post(path, json=body, headers={"authorization": f"Bearer key-{who}"})

    def put(self, path: str, who: str, body: dict[str, Any]) -> Response:
        return self.client.put(path, json=body, headers={"authorization": f"Bearer key-{who}"})

    def publish(self, policy: str, who: str, body: dict[str, Any]) -> Response:
        """Publish a policy, such as `pay_group/us`; Petra approves one that takes two people."""
        return self.approved(self.put(f"/v1/policies/{policy}", who, body))

    def adjust(self, who: str, body: dict[str, Any]) -> Response:
        """Adjust pay by hand; Petra approves it."""
        return self.approved(self.post("/v1/adjustments", who, body))

    def confirm_payees(self, on: str = "2026-01-15") -> list[str]:
        """Petra confirms every payee that waits on a day; who they are."""
        found = _sound(self.get(f"/v1/payees/waiting?on={on}", "petra"))["payees"]
        for each in found:
            body = {"payee": each["payee"], "on": on, "reason": "called them"}
            _sound(self.post(f"/v1/payees/{each['participant_id']}/confirm", "petra", body))
        return [each["participant_id"] for each in found]

    def approved(self, proposed: Response) -> Response:
        """The answer to what was asked; Petra has approved it where it is a change."""
        if proposed.status_code == 202:
            _sound(self.post(f"/v1/changes/{proposed.json()['id']}/approve", "petra", {}))
        return proposed

    def draft(self, period: str, who: str = "dana", **more: Any) -> dict[str, Any]:
        """Draft a run and calculate it."""
        run = _sound(self.post("/v1/runs", who, {"period": period, **more}))
        return self.do(run["id"], "calculate", who)

    def do(self, run: str, verb: str, who: str) -> dict[str, Any]:
        return _sound(self.post(f"/v1/runs/{run}/{verb}", who))

    def pay(self, period: str) -> dict[str, Any]:
        """Draft, submit, approve and export a run."""
        return self.do(self.release(self.draft(period)["id"])["id"], "export", "dana")

    def pay_of(self, pay_group: str, period: str) -> dict[str, Any]:
        """The same of another pay group."""
        run = self.draft(period, pay_group=pay_group)["id"]
        return self.do(self.release(run)["id"], "export", "dana")

    def release(self, run: str) -> dict[str, Any]:
        """Submit and approve a run that is calculated."""
        self.do(run, "submit", "dana")
        return self.do(run, "approve", "frank")

    def balance(self, participant: str) -> dict[str, tuple[str, str, str]]:
        """Currency -> earned, payable, paid."""
        found = _sound(self.get(f"/v1/participants/{participant}/balance"))["balances"]
        return {each["currency"]: (each["earned"], each["payable"], each["paid"]) for each in found}


@contextmanager
def desk_of(scoring: Any, *, engine: Engine, view: Engine, log: Log, folder: Path) -> Iterator[Desk]:
    """The API over what `scoring` says, with the keys in the folder."""
    settings = Settings(database_url="postgresql://nobody@localhost/unused", keys_file=folder / "keys.json")
    app = create_app(settings, engine, view=view, now=lambda: NOW, ready=list, lines=scoring, deals=scoring, log=log)
    with TestClient(app) as client:
        yield Desk(client)


def _sound(response: Response) -> dict[str, Any]:
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json()
    return answer


def lines(run: dict[str, Any], which: str = "paid") -> list[tuple[str, str, str]]:
    """Of whom something is paid, or `carried_forward`: participant, currency, amount."""
    return [(line["participant_id"], line["currency"], line[which]) for line in run["lines"] if Decimal(line[which])]


def problem(response: Response) -> tuple[int, str]:
    """The status of a problem and the last part of its type."""
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"].removeprefix("urn:earnest:problem:")


def earned(participant: str, period: str, revision: int, *amounts: tuple[str, int], version: int = 1) -> Stored:
    """An earnings event: components in order, each (currency, amount in minor units)."""
    earnings = [
        {"component": f"c{number}", "plan": "plan", "version": version, "amount": amount, "currency": currency}
        | {"measure": "0"}
        for number, (currency, amount) in enumerate(amounts)
    ]
    event = {"participant_id": participant, "period": period, "revision": revision, "earnings": earnings, "basis": {}}
    return Stored(Partition("earnings", 0), next(_positions), Record(participant, orjson.dumps(event)), 0.0)


def roster(participant: str, start: str, minute: int = 0, source: str = "hr", **attributes: Any) -> Stored:
    """A roster event: attributes of a participant from a date on; a later `minute` wins over an earlier one."""
    event = {
        "participant_id": participant,
        "fields": {f"{start}/{name}": value for name, value in attributes.items()},
        "occurred_at": f"2025-01-01T00:{minute:02d}:00.000000Z",
        "source": source,
    }
    return Stored(Partition("roster", 0), next(_positions), Record(participant, orjson.dumps(event)), 0)


def empty(engine: Engine) -> None:
    """Forget everything: a new life for the next example of a property. Only a test may switch the rules off."""
    with engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        kept = {"journal_kind"}  # what the service knows, and no test brings
        emptied = [table.name for table in metadata.sorted_tables if table.name not in kept]
        connection.execute(text(f"truncate {', '.join(emptied)}, position"))


def close_month(connection: Connection, pay_group: str, period: str, run: str, at: datetime = NOW) -> None:
    """Close a month as the approval of a run does, without one. Only the owner of the tables may."""
    values = {"pay_group": pay_group, "period": period, "run": run, "at": at}
    connection.execute(
        text("insert into closing (pay_group, period, run, at) values (:pay_group, :period, :run, :at)"), values
    )
