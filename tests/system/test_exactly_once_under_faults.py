"""Every participant's cents are right after workers were killed and frozen and the database crashed, on both logs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from earnest.local.claims import claim_port
from earnest.local.logins import make_passwords, prepare_database
from earnest.local.postgres import Postgres
from shared.contracts.earnings import EarningsChanged
from shared.contracts.topics import CREDITS, DEALS, EARNINGS, PLANS, RECREDITS, ROSTER
from shared.database import database_url, engine_for
from shared.log.open import open_log
from shared.log.port import Log, Record
from shared.money import from_minor
from shared.settings import Settings
from tests.reference_model import oracle
from tests.system import sales
from tests.system.faults import Fleet, python, storm, wait_until

MEMBERS, PEOPLE, DEALS_SENT = 3, 40, 3000
PIECE = 400
FROZEN_SECONDS = 12.0
"""Longer than a group waits for a silent member."""


@dataclass
class World:
    """A database of its own, a log, and a fleet of scoring processes."""

    postgres: Postgres
    settings: Settings
    log: Log
    fleet: Fleet

    def drained(self) -> bool:
        """Whether every worker has read everything that is in its topics."""
        engine = engine_for(database_url(self.settings), "scoring", pool_size=1)
        try:
            with engine.connect() as connection:
                rows = connection.exec_driver_sql("select topic, partition, next_position from position").all()
        finally:
            engine.dispose()
        read = {(topic, partition): position for topic, partition, position in rows}
        ends = {
            place: end
            for topic in (DEALS, ROSTER, PLANS, RECREDITS, CREDITS)
            for place, end in self.log.ends(topic).items()
        }
        return all(end == 0 or read.get((place.topic, place.number), 0) >= end for place, end in ends.items())

    def published(self) -> dict[tuple[str, str, str], Decimal]:
        """The earnings as the topic has them: the newest revision of each participant and period."""
        newest: dict[tuple[str, str], EarningsChanged] = {}
        for stored in self.log.scan(EARNINGS):
            event = EarningsChanged.model_validate_json(stored.record.value or b"")
            held = newest.get((event.participant_id, event.period))
            if held is None or event.revision > held.revision:
                newest[event.participant_id, event.period] = event
        found: dict[tuple[str, str, str], Decimal] = {}
        for event in newest.values():
            for earning in event.earnings:
                key = (event.participant_id, earning.component, event.period)
                found[key] = found.get(key, Decimal(0)) + from_minor(earning.amount, earning.currency)
        return {key: amount for key, amount in found.items() if amount}


@contextmanager
def world(folder: Path, kafka: str | None, seed: int, unfenced: bool = False) -> Iterator[World]:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    with Postgres(folder / "postgres") as postgres:
        make_passwords(postgres.passwords)
        settings = Settings(
            database_url=postgres.url(),
            database_passwords_dir=postgres.passwords,
            kafka_bootstrap_servers=kafka,
            partitions=6,
        )
        prepare_database(settings)
        log = open_log(settings)
        log.ensure([DEALS, ROSTER, PLANS, RECREDITS, CREDITS, EARNINGS])
        ports = [claim_port(folder / f"port-{number}") for number in range(MEMBERS)]

        def environment(number: int) -> dict[str, str]:
            told = {
                "DATABASE_URL": postgres.url(),
                "EARNEST_DATABASE_PASSWORDS_DIR": str(postgres.passwords),
                "EARNEST_PARTITIONS": "6",
                "EARNEST_MEMBER": f"m{number}",
                "EARNEST_SCORING_PORT": str(ports[number]),
                "STALLS": f"{seed}-{number}",
                "STALL_SECONDS": "2",
                "UNFENCED": "1" if unfenced else "0",
            }
            return told | ({"KAFKA_BOOTSTRAP_SERVERS": kafka} if kafka else {})

        fleet = Fleet(lambda _: python("-m", "tests.system.stalling_scoring"), environment, folder, MEMBERS)
        fleet.tend()
        try:
            yield World(postgres, settings, log, fleet)
        finally:
            fleet.stop()
            log.close()


def play(found: World, rng: random.Random, faults: list[str]) -> tuple[dict[Any, Decimal], list[str]]:
    """Send everything while the faults happen; returns what the oracle expects and what happened."""
    changes, patches = sales.roster(PEOPLE), sales.patches(rng, DEALS_SENT, PEOPLE)
    found.log.append(PLANS, sales.plan_records())
    found.log.append(ROSTER, sales.roster_records(changes))
    records: list[Record] = sales.deal_records(patches)
    story: list[str] = []
    pieces = len(faults) or 1
    size = -(-len(records) // pieces)
    for piece in range(pieces):
        found.log.append(DEALS, records[piece * size : (piece + 1) * size])
        story += storm(found.fleet, found.postgres, rng, faults[piece : piece + 1], FROZEN_SECONDS)
    wait_until(found.drained, "reading everything")
    return oracle.earnings(oracle.merged(patches), changes, sales.PLANS), story


@pytest.mark.parametrize("kind", ["postgres", "kafka"])
def test_cents_equal_the_oracles_after_kills_freezes_and_a_crash_of_the_database(
    kind: str, server_folder: Path, request: pytest.FixtureRequest, seed: int
) -> None:
    kafka = request.getfixturevalue("kafka_servers") if kind == "kafka" else None
    rng = random.Random(seed)
    faults = ["kill", "freeze", "kill", "database", "kill", "freeze", "kill"]
    with world(server_folder / f"faults-{kind}", kafka, seed) as found:
        expected, story = play(found, rng, faults)
        assert found.published() == expected, f"seed {seed}: {'; '.join(story)}"


def test_without_comparing_positions_the_same_faults_pay_wrongly(server_folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    changes, patches = sales.roster(PEOPLE), sales.patches(rng, DEALS_SENT, PEOPLE)
    with world(server_folder / "faults-unfenced", None, seed, unfenced=True) as found:
        found.log.append(PLANS, sales.plan_records())
        found.log.append(ROSTER, sales.roster_records(changes))
        for sent in range(0, len(patches), PIECE):
            found.log.append(DEALS, sales.deal_records(patches[sent : sent + PIECE]))
            storm(found.fleet, found.postgres, rng, ["freeze"], FROZEN_SECONDS)
            wait_until(found.drained, "reading everything")
            expected = oracle.earnings(oracle.merged(patches[: sent + PIECE]), changes, sales.PLANS)
            if found.published() != expected:
                return
        raise AssertionError(f"seed {seed}: nothing went wrong, so the fault tests prove nothing")
