"""What a process of scoring dies of is calculated apart by the next one, and the plan version that is to blame is set
aside.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine

from services.scoring.credit import worker as credit_worker
from services.scoring.quarantine.crash_guard import CrashGuard
from services.scoring.quarantine.service import quarantined as all_quarantined
from services.scoring.worker import steps
from shared.bounded import BoundedProcess, Exceeded
from shared.contracts.topics import DEALS
from shared.kernel import credit
from shared.log.port import Stored
from tests.services.scoring.conftest import Road
from tests.services.scoring.quarantine.test_quarantine import two
from tests.services.scoring.test_scoring_steps import WON, pay, reasons

__all__ = ["two"]

PROCESSES: dict[str, int] = {}
REST = {("lea", "commission", "2025-03"): 10000}


class Died(BaseException):
    """The end of a process, as a test can see it."""


def deadly(deals: pl.DataFrame, roster: Any, *, plans: Any) -> Any:
    """`credit`, which ends the process that does it for a deal of plan rep with `boom` in its name."""
    if not plans.plans["rep", 1].is_quarantined and deals["deal_id"].str.contains("boom").any():
        if PROCESSES:  # the process of the test, which others know nothing of
            raise Died
        os.kill(os.getpid(), signal.SIGKILL)
    return credit(deals, roster, plans=plans)


def credited(values: Any, roster: Any, *, plans: Any) -> Any:
    """What the step that credits calculates, in whichever process."""
    credit_worker.credit = deadly  # type: ignore[attr-defined]
    return CREDITED(values, roster, plans=plans)


CREDITED = credit_worker._credited


@pytest.fixture
def apart() -> Iterator[BoundedProcess]:
    process = BoundedProcess(seconds=5)
    yield process
    process.close()


@pytest.fixture
def start(two: Road, scoring_engine: Engine, apart: BoundedProcess, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Begin a new process of scoring over the same tables, which dies of deals with `boom` in their name."""
    monkeypatch.setattr(credit_worker, "credit", deadly)
    monkeypatch.setattr(credit_worker, "_credited", credited)
    monkeypatch.setitem(PROCESSES, "this", os.getpid())

    def started() -> Road:
        two.steps = CrashGuard(scoring_engine, apart).steps(steps())
        return two

    return started


def deliver(road: Road, *deals: str) -> None:
    """Give the deals to the worker at once, whatever becomes of it."""
    for deal in deals:
        road.deal(deal, owner=deal.partition("-")[2], **WON)
    batch = [each for lane in road.waiting[DEALS.name].values() for each in lane]
    road.deliver("credit", batch)
    road.waiting[DEALS.name].clear()


def begin(road: Road, batch: list[Stored]) -> None:
    """Do all of a batch but its commit."""
    with road.engine.connect() as connection:
        road.steps["credit"](connection, batch)


def quarantined(road: Road) -> list[tuple[str, int, str]]:
    with road.engine.connect() as connection:
        return [(each.plan, each.version, each.by) for each in all_quarantined(connection)]


def test_what_scoring_died_of_sets_its_plan_version_aside_when_it_starts_again(start: Any) -> None:
    with pytest.raises(Died):
        deliver(start(), "boom-ann", "second-lea")
    road = start()
    assert not quarantined(road)
    deliver(road)
    road.drain()
    assert quarantined(road) == [("rep", 1, "scoring")]
    assert pay(road) == {("ann", "commission", "2025-03"): 5000} | REST
    assert reasons(road, "boom-ann") == {("ann", "plan_quarantined")}
    deliver(start(), "third-lea")
    road.drain()
    assert pay(road)["lea", "commission", "2025-03"] == 15000


def test_a_death_that_is_no_plans_fault_costs_one_calculation_apart_and_nothing_else(start: Any) -> None:
    road = start()
    road.deal("second-lea", owner="lea", **WON)
    batch = [each for lane in road.waiting[DEALS.name].values() for each in lane]
    begin(road, batch)
    deliver(start())
    road.drain()
    assert not quarantined(road)
    assert pay(road)["lea", "commission", "2025-03"] == 10000


def test_a_process_does_not_suspect_what_it_began_itself(
    start: Any, apart: BoundedProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(apart, "run", never)
    road = start()
    for name in ("second-lea", "third-lea"):
        road.deal(name, owner="lea", **WON)
        batch = [each for lane in road.waiting[DEALS.name].values() for each in lane]
        begin(road, batch)
        deliver(road)
    road.drain()
    deliver(start(), "fourth-lea")  # a new process, where the one before had finished
    road.drain()
    assert pay(road)["lea", "commission", "2025-03"] == 20000


HANGING = """
import re, threading
from shared.bounded import Watchdog
watched = Watchdog(0.5)
threading.Thread(target=watched.run, args=(re.match, "(a|aa)*b", "a" * 80), daemon=True).start()
threading.Event().wait()
"""


def test_a_process_in_which_a_calculation_hangs_ends_although_nothing_else_can_run_in_it() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, check=False)
    assert (ended.returncode, "Timeout (" in ended.stderr) == (1, True)


DONE_IN_TIME = """
import time
from shared.bounded import Watchdog
assert Watchdog(1).run(sum, [1, 2]) == 3
time.sleep(2)
"""


def test_what_is_done_in_time_ends_nothing() -> None:
    assert subprocess.run([sys.executable, "-c", DONE_IN_TIME], check=False).returncode == 0


def test_a_process_apart_has_its_own_limits() -> None:
    short = BoundedProcess(seconds=1)
    with pytest.raises(Exceeded, match="more than 1 seconds of processor time"):
        short.run(pow, 3, 10**8)
    short.close()
