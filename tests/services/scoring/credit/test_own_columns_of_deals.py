"""The company's own columns in the stream: text says what it says in a file, and a plan that comes later reads what was
stored.
"""

from __future__ import annotations

from typing import Any

from tests.services.scoring.conftest import Road, simple_plan
from tests.services.scoring.test_scoring_steps import WON, pay, reasons


def _by_the_seat(version: int, since: str, **columns: str) -> dict[str, Any]:
    """A plan that pays 2.00 for every seat of deals that are flagged, where it declares those columns; 5 % of the
    amount else.
    """
    own = {"rule": "own", "amount": "seats", "when": "stage = 'won' and flagged"} if columns else {"rule": "own"}
    pays = {"kind": "per_unit", "amount": "2"} if columns else {"kind": "flat", "rate": "5%"}
    return simple_plan(
        version=version,
        effective_from=since,
        columns=columns,
        credits=[own],
        measures=[{"measure": "sold", "sum_of": ["own"]}],
        components=[{"component": "pays", "measure": "sold", **pays}],
    )


def test_text_pays_as_the_value_that_it_says(road: Road) -> None:
    road.plan(_by_the_seat(1, "2025-01-01", seats="number", flagged="yes_no"))
    road.person("ann", "2025-01-01", plan="rep")
    road.deal("typed", owner="ann", **WON | {"custom.seats": 5, "custom.flagged": True})
    road.deal("text", owner="ann", **WON | {"close_date": "2025-04-02", "custom.seats": "5", "custom.flagged": "Yes"})
    road.drain()
    assert pay(road) == {("ann", "pays", "2025-03"): 1000, ("ann", "pays", "2025-04"): 1000}


def test_a_plan_that_is_published_later_reads_what_was_stored_and_names_what_it_cannot_read(road: Road) -> None:
    road.plan(_by_the_seat(1, "2025-01-01"))
    road.person("ann", "2025-01-01", plan="rep")
    for deal, day, seats in (
        ("before", "2025-03-14", "many"),
        ("fits", "2025-07-02", "5"),
        ("not", "2025-07-03", "many"),
    ):
        own = {"custom.seats": seats, "custom.flagged": "yes"}
        road.deal(deal, owner="ann", **WON | {"close_date": day} | own)
    road.drain()
    assert pay(road) == {("ann", "pays", "2025-03"): 5000, ("ann", "pays", "2025-07"): 10000}
    road.plan(_by_the_seat(2, "2025-07-01", seats="number", flagged="yes_no"))
    road.drain()
    assert pay(road) == {("ann", "pays", "2025-03"): 5000, ("ann", "pays", "2025-07"): 1000}
    assert reasons(road, "not") == {("ann", "bad_value")}
    assert reasons(road, "before") == reasons(road, "fits") == set()
    road.deal("not", at="2025-08-01T00:00:00.000000Z", **{"custom.seats": "1"})
    road.drain()
    assert pay(road)["ann", "pays", "2025-07"] == 1200
    assert reasons(road, "not") == set()
