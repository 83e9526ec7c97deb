"""Alerts open by a breach, close by its end, and wait while nothing can be said."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.alerts.evaluation.readings import Reading
from services.alerts.lifecycle.alert import Alert, changes

TODAY = date(2025, 3, 14)
OPEN = Alert(
    kpi="average_discount",
    currency="USD",
    number=2,
    threshold=Decimal("0.20"),
    opened_on=date(2025, 3, 3),
    opened_value=Decimal("0.24"),
)


def discount(value: str | None, breached: bool | None) -> Reading:
    return Reading(
        kpi="average_discount",
        currency="USD",
        value=None if value is None else Decimal(value),
        observations=40,
        breached=breached,
    )


def test_a_breach_opens_the_next_episode() -> None:
    (opened,) = changes([discount("0.25", True)], {}, episodes={OPEN.subject: 2}, as_of=TODAY)
    assert opened == Alert(
        kpi="average_discount",
        currency="USD",
        number=3,
        threshold=Decimal("0.20"),
        opened_on=TODAY,
        opened_value=Decimal("0.25"),
    )
    assert opened.alert_id == "average_discount.USD.3"


def test_an_alert_of_the_whole_company_names_no_currency() -> None:
    (opened,) = changes(
        [Reading(kpi="win_rate", currency="", value=Decimal("0.1"), observations=40, breached=True)],
        {},
        episodes={},
        as_of=TODAY,
    )
    assert opened.alert_id == "win_rate.1"


def test_a_lasting_breach_stays_one_alert() -> None:
    assert changes([discount("0.30", True)], {OPEN.subject: OPEN}, episodes={OPEN.subject: 2}, as_of=TODAY) == []


def test_the_end_of_a_breach_closes_the_alert_with_its_last_value() -> None:
    (closed,) = changes([discount("0.19", False)], {OPEN.subject: OPEN}, episodes={OPEN.subject: 2}, as_of=TODAY)
    assert (closed.number, closed.closed_on, closed.closed_value) == (2, TODAY, Decimal("0.19"))
    assert closed.opened_on == OPEN.opened_on


def test_an_alert_is_held_while_nothing_can_be_said() -> None:
    held = {OPEN.subject: OPEN}
    assert changes([discount(None, None)], held, episodes={OPEN.subject: 2}, as_of=TODAY) == []
    assert changes([discount("0.30", None)], held, episodes={OPEN.subject: 2}, as_of=TODAY) == []
    assert changes([discount("0.30", None)], {}, episodes={}, as_of=TODAY) == []
    assert changes([], held, episodes={OPEN.subject: 2}, as_of=TODAY) == []
