"""Alerts open by a breach, close by its end, and wait while nothing can be said."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.alerts.evaluation.episodes import Episode, Findings, Subject
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


def found(kpi: str, currency: str, value: str | None, *, breached: bool | None) -> Findings:
    worth = None if value is None else Decimal(value)
    episodes: tuple[Episode, ...] = ()
    if breached and worth is not None:
        begun = Episode(
            detected_on=TODAY, onset=TODAY, direction="up", score=1.2, rule="threshold", value=worth, expected=None
        )
        episodes = (begun,)
    return Findings(
        subject=Subject(kpi, currency),
        as_of=TODAY,
        known=breached is not None,
        value=worth,
        expected=Decimal("0.20"),
        episodes=episodes,
    )


def discount(value: str | None, breached: bool | None) -> Findings:
    return found("average_discount", "USD", value, breached=breached)


def test_a_breach_opens_the_next_episode() -> None:
    (opened,) = changes([discount("0.25", True)], {}, episodes={OPEN.subject: 2})
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
    (opened,) = changes([found("win_rate", "", "0.1", breached=True)], {}, episodes={})
    assert opened.alert_id == "win_rate.1"


def test_a_lasting_breach_stays_one_alert() -> None:
    assert changes([discount("0.30", True)], {OPEN.subject: OPEN}, episodes={OPEN.subject: 2}) == []


def test_the_end_of_a_breach_closes_the_alert_with_its_last_value() -> None:
    (closed,) = changes([discount("0.19", False)], {OPEN.subject: OPEN}, episodes={OPEN.subject: 2})
    assert (closed.number, closed.closed_on, closed.closed_value) == (2, TODAY, Decimal("0.19"))
    assert closed.opened_on == OPEN.opened_on


def test_an_alert_is_held_while_nothing_can_be_said() -> None:
    held = {OPEN.subject: OPEN}
    assert changes([discount(None, None)], held, episodes={OPEN.subject: 2}) == []
    assert changes([discount("0.30", None)], held, episodes={OPEN.subject: 2}) == []
    assert changes([discount("0.30", None)], {}, episodes={}) == []
    assert changes([], held, episodes={OPEN.subject: 2}) == []
