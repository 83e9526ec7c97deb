"""A plan version that does harm is set aside: everybody else is scored on, what waits is counted, and nothing is lost."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from polars.exceptions import PanicException
from sqlalchemy import Engine, text

from services.scoring.credit import worker as credit_worker
from services.scoring.lines import bulk
from services.scoring.lines.bulk import lines_of
from services.scoring.lines.service import read_month
from services.scoring.quarantine.crash_guard import CrashGuard
from services.scoring.quarantine.service import NoSuchVersion, lift, quarantine, quarantined, try_published
from services.scoring.quarantine.trial import harm, harm_of
from services.scoring.reference.store import ReferenceDataCache
from services.scoring.worker import steps
from shared.bounded import BoundedProcess
from shared.contracts.topics import EARNINGS
from shared.kernel import credit, explain
from shared.kernel.checks.trial import TRIAL
from tests.services.scoring.conftest import Road, simple_plan
from tests.services.scoring.test_scoring_steps import WON, pay, reasons


class Publishing:
    """A log that only takes what is published, and puts it on the road."""

    def __init__(self, road: Road) -> None:
        self._road = road

    def publish(self, _: Any, publications: Any) -> None:
        for topic, record in publications:
            if topic != EARNINGS:
                self._road.put(topic.name, record)


@pytest.fixture
def two(road: Road) -> Road:
    """ann is on plan rep, lea on plan lead; both have sold once."""
    road.plan(simple_plan())
    road.plan(simple_plan(plan="lead"))
    road.person("ann", "2025-01-01", plan="rep", quota_bookings="10000")
    road.person("lea", "2025-01-01", plan="lead", quota_bookings="10000")
    for who in ("ann", "lea"):
        road.deal(f"first-{who}", owner=who, **WON)
    road.drain()
    return road


def sell_again(road: Road) -> None:
    for who in ("ann", "lea"):
        road.deal(f"second-{who}", owner=who, **WON)
        road.deal(f"first-{who}", "2025-06-01T00:00:00.000000Z", amount="3000.00")
    road.drain()


def set_aside(road: Road, plan: str = "rep", version: int = 1) -> None:
    with road.engine.begin() as connection:
        quarantine(connection, plan, version=version, cause="it takes all memory", by="ops")


SHE_GOES_ON = {("lea", "commission", "2025-03"): 20000}


def test_everybody_else_goes_on_and_what_was_paid_stays(two: Road) -> None:
    set_aside(two)
    sell_again(two)
    assert pay(two) == {("ann", "commission", "2025-03"): 5000} | SHE_GOES_ON
    assert reasons(two, "second-ann") == {("ann", "plan_quarantined")}
    with two.engine.connect() as connection:
        (found,) = quarantined(connection)
    assert (found.plan, found.version, found.cause, found.by) == ("rep", 1, "it takes all memory", "ops")
    assert (found.participants, found.waiting) == (["ann"], 2)


def test_whoever_published_a_version_is_who_has_to_mend_it(two: Road) -> None:
    two.plan(simple_plan(version=2, effective_from=date(2025, 7, 1)), by="dana")
    two.drain()
    set_aside(two)
    set_aside(two, version=2)
    with two.engine.connect() as connection:
        assert [(each.version, each.author) for each in quarantined(connection)] == [(1, None), (2, "dana")]


def test_the_lines_of_everybody_else_are_settled_and_payout_is_told_who_waits(two: Road) -> None:
    two.plan(simple_plan(version=2, effective_from=date(2025, 7, 1)))
    two.person("lea", "2025-07-01", plan="rep")
    two.person("kim", "2024-01-01", plan="rep")
    two.person("kim", "2025-01-01", plan="lead")
    two.drain()
    set_aside(two)
    sell_again(two)
    with two.engine.connect() as connection:
        (found,) = quarantined(connection)
        table = pl.concat(lines_of(read_month(connection, ReferenceDataCache(), period="2025-03", participants=None)))
    assert found.participants == ["ann"]  # not who is on another version, nor who was on the plan before
    assert dict(table.select("participant_id", "settled").iter_rows()) == {"ann": False, "lea": True}


def test_a_version_whose_lines_fail_is_set_aside_and_leaves_the_lines_of_everybody_else(
    two: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(credits: Any, roster: Any, *, plans: Any, **others: Any) -> Any:
        if not plans.plans["rep", 1].is_quarantined:
            raise ArithmeticError("too steep")
        return explain(credits, roster, plans=plans, **others)

    monkeypatch.setattr(bulk, "explain", failing)
    bounded = BoundedProcess()
    with two.engine.connect() as connection:
        month = read_month(connection, ReferenceDataCache(), period="2025-03", participants=None)
    table = pl.concat(lines_of(month, CrashGuard(two.engine, bounded).asked))
    assert dict(table.select("participant_id", "settled").iter_rows()) == {"ann": False, "lea": True}
    with two.engine.connect() as connection:
        (found,) = quarantined(connection)
        assert not connection.execute(text("select * from in_hand")).all()
    assert (found.plan, found.version, found.by, found.participants) == ("rep", 1, "scoring", ["ann"])
    assert "ArithmeticError" in found.cause


def test_what_waited_is_calculated_when_it_is_lifted(two: Road) -> None:
    set_aside(two)
    sell_again(two)
    with two.engine.begin() as connection:
        lift(connection, Publishing(two), plan="rep", version=1, by="ops")  # type: ignore[arg-type]
    two.drain()
    assert pay(two) == {("ann", "commission", "2025-03"): 20000} | SHE_GOES_ON
    assert not reasons(two, "second-ann")
    with two.engine.begin() as connection, pytest.raises(NoSuchVersion, match="is not quarantined"):
        lift(connection, Publishing(two), plan="rep", version=1, by="ops")  # type: ignore[arg-type]


def test_what_waited_is_calculated_by_the_corrected_version(two: Road) -> None:
    set_aside(two)
    sell_again(two)
    flat = [{"component": "commission", "measure": "bookings", "kind": "flat", "rate": "7%"}]
    two.plan(simple_plan(version=2, components=flat))
    two.drain()
    assert pay(two) == {("ann", "commission", "2025-03"): 28000} | SHE_GOES_ON
    assert not reasons(two, "second-ann")
    with two.engine.connect() as connection:
        assert [(each.version, each.participants) for each in quarantined(connection)] == [
            (1, [])
        ]  # nobody waits any more


def test_a_version_that_is_not_published_cannot_be_set_aside(two: Road) -> None:
    with pytest.raises(NoSuchVersion, match="rep@7 is not published"):
        set_aside(two, version=7)


def deadly(**changes: Any) -> dict[str, Any]:
    """A plan whose numbers only grow, as it could be published before there were limits."""
    measures = [{"measure": "bookings", "sum_of": ["own"]}, {"measure": "m0", "formula": "bookings * bookings"}]
    measures += [{"measure": f"m{n}", "formula": f"m{n - 1} * m{n - 1}"} for n in range(1, 40)]
    components = [{"component": "commission", "measure": "m39", "kind": "flat", "rate": "5%"}]
    return simple_plan(measures=measures, components=components, credits=[{"rule": "own"}], **changes)


def test_a_harmful_version_is_set_aside_as_it_comes_in(two: Road) -> None:
    bounded = BoundedProcess()
    two.steps = steps(lambda document: harm(bounded, document))
    two.plan(deadly(version=2))
    two.drain()
    bounded.close()
    sell_again(two)
    assert not two.rejections
    assert pay(two)["lea", "commission", "2025-03"] == 20000
    assert reasons(two, "second-ann") == {("ann", "plan_quarantined")}
    with two.engine.connect() as connection:
        (found,) = quarantined(connection)
    assert (found.version, found.by) == (2, "scoring")
    assert "for a deal of 12345.67 already" in found.cause


def test_what_was_published_before_the_limits_is_tried_out_before_anybody_calculates_with_it(
    two: Road, scoring_engine: Engine
) -> None:
    with two.engine.begin() as connection:
        connection.execute(
            text("""update plan_version set document = jsonb_set(document, '{credits,0,when}', to_jsonb(
                        'stage = ''won''' || repeat(' or stage = ''won''', 20000))) where plan = 'rep'""")
        )
    bounded = BoundedProcess()
    try_published(scoring_engine, bounded)
    bounded.close()
    two.steps = steps()
    sell_again(two)
    assert pay(two) == {("ann", "commission", "2025-03"): 5000} | SHE_GOES_ON
    with two.engine.connect() as connection:
        (found,) = quarantined(connection)
        assert connection.execute(text("select plan from plan_version where tried = :t"), {"t": TRIAL}).all() == [
            ("lead",)
        ]
    assert "200,000 characters" in found.cause


LARGE = {"stage": "won", "amount": "1000000.00", "currency": "USD", "close_date": "2025-03-20"}


def cubed_measure() -> dict[str, Any]:
    """A plan that is sound for usual amounts; the earnings of a large one are beyond all numbers."""
    measures = [{"measure": "bookings", "sum_of": ["own"]}]
    measures.append({"measure": "cubed", "formula": "bookings * bookings * bookings"})
    components = [{"component": "commission", "measure": "cubed", "kind": "flat", "rate": "1%"}]
    return simple_plan(version=2, measures=measures, components=components, credits=[{"rule": "own"}])


def cubed_condition() -> dict[str, Any]:
    """The same with what a condition calculates."""
    measures = [{"measure": "bookings", "sum_of": ["own"]}]
    components = [{"component": "commission", "measure": "bookings", "kind": "flat", "rate": "1%"}]
    credits = [{"rule": "own", "when": "amount * amount * amount * 100 > 1"}]
    return simple_plan(version=2, measures=measures, components=components, credits=credits)


@pytest.mark.parametrize(
    ("plan", "kept", "cause"),
    [
        (cubed_measure(), 1_000_000_000, "is beyond 10^18 minor units"),  # 1 % of 1,000 cubed
        (cubed_condition(), 1_000, "ComputeError"),
    ],
    ids=["earnings", "credits"],
)
def test_a_version_that_fails_with_somebodys_deal_sets_itself_aside_and_everybody_else_goes_on(
    two: Road, plan: dict[str, Any], kept: int, cause: str
) -> None:
    assert harm_of(plan) is None  # its trial finds nothing
    two.plan(plan)
    two.drain()
    for who in ("ann", "lea"):
        two.deal(f"large-{who}", owner=who, **LARGE)
    two.drain()
    sell_again(two)
    assert not two.rejections
    # what was before stays
    assert pay(two) == {("ann", "commission", "2025-03"): kept, ("lea", "commission", "2025-03"): 9_990_000}
    assert reasons(two, "second-ann") == {("ann", "plan_quarantined")}
    with two.engine.connect() as connection:
        (found,) = quarantined(connection)
    assert (found.plan, found.version, found.by) == ("rep", 2, "scoring")
    assert cause in found.cause
    flat = [{"component": "commission", "measure": "bookings", "kind": "flat", "rate": "1%"}]
    two.plan(simple_plan(version=3, components=flat))
    two.drain()
    assert pay(two)["ann", "commission", "2025-03"] == 1_004_000
    assert not reasons(two, "large-ann")


def test_a_record_with_which_everything_fails_is_no_plans_fault(two: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise ArithmeticError("whatever the plans say")

    monkeypatch.setattr(credit_worker, "values_table", failing)
    two.deal("bad", owner="ann", **WON)
    with pytest.raises(ArithmeticError):
        two.drain()
    with two.engine.connect() as connection:
        assert not quarantined(connection)


def test_a_panic_of_a_library_is_a_failure_as_any_other(two: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    def panicking(deals: Any, roster: Any, *, plans: Any) -> Any:
        if not plans.plans["rep", 1].is_quarantined:
            raise PanicException("with 1234567 of somebody's pay")
        return credit(deals, roster, plans=plans)

    monkeypatch.setattr(credit_worker, "credit", panicking)
    sell_again(two)
    assert pay(two) == {("ann", "commission", "2025-03"): 5000} | SHE_GOES_ON
    with two.engine.connect() as connection:
        (found,) = quarantined(connection)
    assert "PanicException" in found.cause
    assert "1234567" not in found.cause
