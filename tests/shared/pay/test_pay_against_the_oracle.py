"""What runs pay and the slow reference model of payment terms agree to the cent, whatever becomes of deals."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, timedelta
from pprint import pformat
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.pay.calendars.policy import DEFAULT
from shared.pay.deal_facts import DealHistory
from shared.pay.facts import Deal, Entry, OffCycle, PayFacts
from shared.pay.people import Person
from shared.pay.projection import project
from shared.pay.terms.policy import PaymentTerms
from shared.pay.terms.words.release import DatedAmount
from shared.periods import last_day
from tests.reference_model import terms as reference
from tests.reference_model.terms_added import LENGTHS, There

LONG = os.environ.get("EARNEST_TEST_LONG") == "1"
MONTHS = [last_day(f"2025-{month:02d}") for month in range(1, 13)]
RELEASES: list[list[dict[str, Any]] | None] = [
    None,
    [{"share": "100%", "when": "collected"}],
    [{"share": "100%", "when": "paid_in_full"}],
    [{"share": "50%", "when": "booked"}, {"share": "50%", "when": "collected"}],
    [{"share": "30%", "when": "booked", "days_after": 20}, {"share": "70%", "when": "paid_in_full"}],
    [{"share": "25%", "when": "booked"}, {"share": "75%", "when": "collected", "days_after": 30}],
]
CLAWBACKS: list[dict[str, Any] | None] = [
    None,
    {"steps": [{"within_months": 3, "take_back": "100%"}, {"within_months": 6, "take_back": "50%"}]},
    {"steps": [{"within_months": 2, "take_back": "40%"}]},
    {"prorated_over_months": 12},
]
EVERY = list(LENGTHS)


def some_deal(random: Random) -> reference.Deal:
    """Sold in the first months of the year, paid in instalments or not at all, refunded in parts and lost, or not."""
    amount = random.randrange(1, 40) * 100_00
    sold = date(2025, 1, 1) + timedelta(days=random.randrange(90))

    def day() -> date:
        return sold + timedelta(days=random.randrange(200))

    payments = [(day(), amount // random.choice([1, 2, 3, 4])) for _ in range(random.choice([0, 0, 1, 2, 4]))]
    payments += [(on + timedelta(days=random.randrange(40)), -paid) for on, paid in payments if random.random() < 0.1]
    refunds: list[tuple[date, int]] = []
    for _ in range(random.choice([0, 0, 1, 2, 3])):
        left = amount - sum(each for _, each in refunds)
        if (part := left // random.choice([1, 2, 5]) // 10 * 10) > 0:
            refunds.append((day(), part))
    lost = day() if random.random() < 0.4 else None
    return reference.Deal(amount=amount, sold=sold, payments=sorted(payments), refunds=sorted(refunds), lost=lost)


def some_terms(random: Random) -> dict[str, Any]:
    """What a month brings is only asked where nothing is held."""
    said: dict[str, Any] = {"release": random.choice(RELEASES), "clawback": random.choice(CLAWBACKS)}
    if said["release"] is None and random.random() < 0.5:
        said["guarantee"] = {
            "amount": random.choice([50, 120, 400, 1000]),
            "every": random.choice(EVERY),
            **by_days(random),
        }
        if said["guarantee"]["every"] != "pay_period":
            said["guarantee"]["settled"] = random.choice(["at_end", "running"])
    if random.random() < 0.6:
        above = "carry" if said["release"] or random.random() < 0.5 else "forfeit"
        spans = random.sample(EVERY, random.choice([1, 1, 2]))
        amounts = {"pay_period": 150, "quarter": 300, "half_year": 500, "year": 700}
        maxima = [{"amount": amounts[every], "every": every, "above": above} for every in spans]
        said["maximum"] = maxima if len(maxima) > 1 or random.random() < 0.5 else maxima[0]
    if random.random() < 0.6:
        said["draw"] = {
            "amount": random.choice([40, 150]),
            "recover": random.choice(["25%", "50%", "100%"]),
            "recovered": random.choice(["before_maximum", "after_maximum"]),
            **random.choice([{}, {}, {"recover_since": "2025-05"}, {"recover_after_months": 4}]),
            **random.choice([{}, {}, {"kind": "forgiven", "forgive_every": random.choice(EVERY[1:])}]),
            **random.choice([{}, {}, {"until": f"2025-{random.randrange(2, 9):02d}"}]),
            **by_days(random),
        }
        if "until" in said["draw"] and "kind" in said["draw"] and random.random() < 0.4:
            said["draw"]["forgive_every"] = "end"
    elif said["release"] is None and random.random() < 0.3:
        said["draw"] = {"amount": random.choice([40, 150]), "kind": "non_recoverable", **by_days(random)}
    if random.random() < 0.4:
        said["negative"] = {
            "balance": random.choice(["receivable", "receivable", "write_off"]),
            "recover": random.choice(["30%", "50%", "100%"]),
        }
    if random.random() < 0.2:
        said["minimum"] = {"amount": random.choice([30, 100])}
        if said["release"] is None and random.random() < 0.5:
            said["minimum"]["below"] = "top_up"
    said["leaver"] = {
        "draw_balance": random.choice(["recover", "receivable", "forgive"]),
        "guarantee": random.choice(["ends", "final_month"]),
    }
    return {word: value for word, value in said.items() if value is not None}


def by_days(random: Random) -> dict[str, str]:
    return {"prorate": "days"} if random.random() < 0.4 else {}


def some_time_there(random: Random) -> There:
    """All year, or from a day of it, or to one; often the first or the last of a month."""

    def day() -> date:
        on = date(2025, 1, 1) + timedelta(days=random.randrange(364))
        return random.choice([on, on.replace(day=1), last_day(f"2025-{on.month:02d}")])

    joined = date(2025, 1, 1) if random.random() < 0.6 else day()
    left = None if random.random() < 0.6 else day()
    return There(joined, None if left is not None and left < joined else left)


def some_runs(random: Random) -> list[reference.Run]:
    """One at the end of each month, and some in between, some of them on the same day; of some payments payroll gives a
    part or all back, and the next run, whichever it is, pays it again.
    """
    between = [date(2025, 1, 1) + timedelta(days=random.randrange(365)) for _ in range(random.choice([0, 0, 1, 3, 6]))]
    runs: list[reference.Run] = []
    for run in sorted([*map(reference.Run, MONTHS), *(reference.Run(day, settles=False) for day in between)]):
        is_first_of_day = not runs or runs[-1].day < run.day
        back = random.randrange(1, 400_00) if is_first_of_day and random.random() < 0.2 else 0
        runs.append(run._replace(returned=back))
    return runs


def entries(deals: Sequence[reference.Deal]) -> list[Entry]:
    """What each deal earned, and the difference on each day on which that changed."""
    found = []
    for number, deal in enumerate(deals):
        days = {deal.sold, *(on for on, _ in deal.refunds), *([deal.lost] if deal.lost else [])}
        before = 0
        for on in sorted(on for on in days if on >= deal.sold):
            if (now := deal.pay(on)) != before or on == deal.sold:
                found.append(
                    Entry(
                        kind="earning",
                        participant_id="ada",
                        currency="USD",
                        period=deal.sold.strftime("%Y-%m"),
                        amount=now - before,
                        day=deal.sold,
                        known_from=None if on == deal.sold else on,
                        component="commission",
                        deal_id=f"D{number}",
                    )
                )
            before = now
    return found


def known(deal: reference.Deal) -> Deal:
    payments, refunds = ([DatedAmount(*each) for each in each] for each in (deal.payments, deal.refunds))
    history = DealHistory(deal.sold, deal.amount, refunds, deal.lost, payments=payments, closed_on=deal.sold)
    return Deal(amount=deal.amount, payments=payments, refunds=refunds, fact=history, is_lost=deal.lost is not None)


def returned(runs: Sequence[reference.Run]) -> list[Entry]:
    """What payroll gave back, each on the day of the run that pays it again."""
    return [
        Entry(
            kind="return",
            participant_id="ada",
            currency="USD",
            period=run.day.strftime("%Y-%m"),
            amount=run.returned,
            day=run.day,
            known_from=run.day,
        )
        for run in runs
        if run.returned
    ]


def paid(
    said: dict[str, Any], deals: Sequence[reference.Deal], runs: Sequence[reference.Run], there: There
) -> list[reference.Paid]:
    roster: dict[str, Any] = {f"{there.joined}/plan": ["rep", "2025-01-01T00:00:00Z", 0, "hr"]}
    if there.left is not None:
        roster[f"{there.left + timedelta(days=1)}/active"] = [False, "2025-01-01T00:00:00Z", 0, "hr"]
    document = {"kind": "payment_terms", "id": "t", "valid_from": "2025-01-01", "currency": "USD", **said}
    facts = PayFacts(
        groups=[DEFAULT],
        terms=lambda _: [PaymentTerms.of(document)],
        entries=[*entries(deals), *returned(runs)],
        people={"ada": Person("ada", roster)},
        deals={f"D{number}": known(deal) for number, deal in enumerate(deals)},
        off_cycle=[OffCycle(run.day) for run in runs if not run.settles],
    )
    found = []
    for projected in project(facts, date(2025, 1, 1), last=MONTHS[-1]):
        mine = next(iter(projected.settlements), None)
        held = sum(line.held for line in mine.held.values()) if mine else 0
        found.append(reference.Paid(mine.paid, mine.carried, held, mine.draw) if mine else reference.Paid(0, 0, 0, 0))
    return found


def differ(
    said: dict[str, Any], deals: Sequence[reference.Deal], runs: Sequence[reference.Run], there: There
) -> str | None:
    ours, expected = paid(said, deals, runs, there), reference.payments(in_numbers(said), deals, runs, there=there)
    wrong = [(run, *each) for run, *each in zip(runs, ours, expected, strict=True) if each[0] != each[1]]
    return pformat(wrong[:2]) if wrong else None


def in_numbers(said: Any) -> Any:
    """Terms with their shares as exact numbers, as the reference model reads them."""
    if isinstance(said, dict):
        return {name: in_numbers(value) for name, value in said.items()}
    if isinstance(said, list):
        return [in_numbers(value) for value in said]
    return reference.Fraction(said[:-1]) / 100 if isinstance(said, str) and said.endswith("%") else said


@settings(max_examples=1000 if LONG else 60, phases=(Phase.explicit, Phase.reuse, Phase.generate), deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_run_pays_what_the_reference_model_says(seed: int) -> None:
    random = Random(seed)
    said, deals = some_terms(random), [some_deal(random) for _ in range(random.randrange(1, 4))]
    runs, there = some_runs(random), some_time_there(random)
    if (found := differ(said, deals, runs, there)) is not None:
        alone = next((deal for deal in deals if differ(said, [deal], runs, there)), None)
        shown = (alone and differ(said, [alone], runs, there)) or found
        pytest.fail(f"{pformat(said)}\n{pformat(alone or deals)}\n{pformat(runs)}\n{there}\n{shown}")
