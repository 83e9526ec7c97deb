"""A whole company in process: scoring's real steps, payout's real step and both real APIs over one database, and a day
that moves.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import orjson
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, text

from services.payout.app import create_app
from services.payout.ledger.worker import WORKER, step
from services.payout.scoring_client import ScoringClient
from services.payout.verify import verify
from services.scoring.app import create_app as create_scoring
from shared.contracts.topics import EARNINGS, ROSTER, RUNS, Topic
from shared.log.port import Partition, Record, Stored
from shared.log.postgres import PostgresLog
from shared.settings import Settings
from tests.services.payout.desk import empty
from tests.services.scoring.conftest import Road, empty_tables

KEYS: dict[str, dict[str, Any]] = {
    "dana": {"scopes": ["runs:write", "earnings:read", "payroll:read", "statements:read", "gl:read"]},
    "frank": {"scopes": ["runs:approve", "earnings:read"], "roles": ["finance"]},
    "fiona": {"scopes": ["runs:approve", "earnings:read"], "roles": ["finance"]},
    "tina": {"scopes": ["terms:write", "earnings:read"]},
    "petra": {"scopes": ["changes:approve", "earnings:read"]},
    "payroll": {"scopes": ["payroll:read", "payroll:write"]},
    "payout": {"scopes": ["earnings:read"]},
}
UTCZONE = ZoneInfo("UTC")


def write_keys(folder: Path) -> Path:
    """The keys of everybody, and payout's own for scoring."""
    keys = [
        {"name": name, "sha256": hashlib.sha256(f"key-{name}".encode()).hexdigest(), **rest}
        for name, rest in KEYS.items()
    ]
    (folder / "keys.json").write_bytes(orjson.dumps(keys))
    (folder / "client-key").write_text("key-payout\n")
    return folder / "keys.json"


class Company:
    """Nothing of an earlier company is left when one begins.

    Events wait on the road until `score` gives them to scoring's steps and `book` what these publish to payout's.
    """

    def __init__(self, scoring: Engine, owner: Engine, *, service: Engine, view: Engine, folder: Path) -> None:
        empty_tables(scoring)
        with scoring.begin() as connection:
            connection.execute(text("delete from position"))
        empty(owner)
        self.today = date(2025, 1, 1)
        self.owner, self.service = owner, service
        self.road = Road(scoring)
        self.log: dict[str, list[Stored]] = {ROSTER.name: [], EARNINGS.name: []}
        self.booked = dict.fromkeys(self.log, 0)
        self._taken = 0
        self._moments = 0
        settings = Settings(database_url="postgresql://nobody@localhost/unused", keys_file=folder / "keys.json")
        log = PostgresLog(service.url, 1)
        log.ensure([RUNS])
        self._scoring = TestClient(create_scoring(settings, scoring, view=scoring, ready=list, log=log)).__enter__()
        self.lines = ScoringClient(
            "http://scoring", folder / "client-key", zone=UTCZONE, transport=httpx.MockTransport(self._forward)
        )
        self.client = TestClient(
            create_app(
                settings, service, view=view, now=self.now, ready=list, lines=self.lines, deals=self.lines, log=log
            )
        ).__enter__()

    def close(self) -> None:
        """Let go of everything."""
        for client in (self.client, self._scoring):
            client.__exit__(None, None, None)
        self.lines.close()

    def now(self) -> datetime:
        """Half past nine of the company's day."""
        return datetime.combine(self.today, time(9, 30), UTC)

    def deal(self, deal_id: str, by: str = "crm", **fields: Any) -> None:
        """Facts of a deal, later than all before."""
        self._moments += 1
        self.road.deal(deal_id, f"2025-01-01T00:00:00.{self._moments:06d}Z", by=by, **fields)

    def person(self, who: str, since: str, by: str = "hr", **fields: Any) -> None:
        """Facts of a person, which payout reads too."""
        self._moments += 1
        at = f"2025-01-01T00:00:00.{self._moments:06d}Z"
        self.road.person(who, since, at, by, **fields)
        dated = {f"{since}/{name.replace('quota_', 'quota.')}": value for name, value in fields.items()}
        fact = {"participant_id": who, "fields": dated, "occurred_at": at, "sequence": 0, "source": by}
        self._append(ROSTER, Record(who, orjson.dumps(fact)))

    def score(self) -> None:
        """Let scoring read everything."""
        self.road.drain()
        assert self.road.rejections == []
        for name, record in self.road.published[self._taken :]:
            if name == EARNINGS.name:
                self._append(EARNINGS, record)
        self._taken = len(self.road.published)

    def book(self) -> None:
        """Let payout read everything that is published."""
        batch = [stored for name, lane in self.log.items() for stored in lane[self.booked[name] :]]
        with self.service.begin() as connection:
            outcome = partial(step, self.now)(connection, batch)
            for name, lane in self.log.items():
                self.booked[name] = len(lane)
                connection.execute(_POSITION, {"worker": WORKER, "topic": name, "next": len(lane)})
        assert outcome.rejections == []

    def waiting(self) -> bool:
        """Whether something said is not scored, or something published not booked."""
        unread = any(records for lanes in self.road.waiting.values() for records in lanes.values())
        return unread or any(self.booked[name] < len(lane) for name, lane in self.log.items())

    def get(self, path: str, who: str = "dana") -> Response:
        return self.client.get(path, headers={"authorization": f"Bearer key-{who}"})

    def post(self, path: str, who: str, body: Any = None, **headers: str) -> Response:
        return self.client.post(path, json=body, headers={"authorization": f"Bearer key-{who}", **headers})

    def policy(self, kind: str, name: str, body: dict[str, Any]) -> Response:
        """Publish a policy; Petra approves one that takes two people."""
        asked = {"policy": body, "reason": "the rules changed"}
        said = self.client.put(f"/v1/policies/{kind}/{name}", json=asked, headers={"authorization": "Bearer key-tina"})
        return self.approved(said)

    def approved(self, proposed: Response) -> Response:
        """The answer to what was asked; Petra has approved it where it is a change."""
        if proposed.status_code == HTTPStatus.ACCEPTED:
            assert self.post(f"/v1/changes/{proposed.json()['id']}/approve", "petra", {}).is_success
        return proposed

    def verified(self) -> list[str]:
        """What `earnest verify` finds."""
        return verify(self.owner, self)  # type: ignore[arg-type]

    def scan(self, topic: Topic) -> list[Stored]:
        """What lies in a topic, as a log gives it."""
        return self.log[topic.name]

    def _append(self, topic: Topic, record: Record) -> None:
        lane = self.log[topic.name]
        lane.append(Stored(Partition(topic.name, 0), len(lane), record, 0.0))

    def _forward(self, request: httpx.Request) -> Response:
        headers = {name: request.headers[name] for name in ("authorization", "content-type") if name in request.headers}
        path = request.url.raw_path.decode()
        found = self._scoring.request(request.method, path, content=request.read(), headers=headers)
        return Response(
            found.status_code, content=found.content, headers={"content-type": found.headers["content-type"]}
        )


_POSITION = text("""
    insert into position (worker, topic, partition, next_position) values (:worker, :topic, 0, :next)
    on conflict (worker, topic, partition) do update set next_position = :next""")
