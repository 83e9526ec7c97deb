"""Statements as PDF, from frozen facts to bytes, in as many processes as the machine has processors."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from time import perf_counter

import orjson
import polars as pl

from services.payout.statements.build import statement
from services.payout.statements.facts import ParticipantFacts, PayLine, RunFacts, StatementFacts, frozen
from services.payout.statements.layout import sheet
from services.payout.statements.pdf import pdf
from shared.explanation.frozen import details
from shared.kernel import Plan, PlanSet, Roster, credit, earn, explain, measure
from shared.kernel.crediting.deals import deals_table
from shared.periods import Month

MONTH = Month("2026-06")
CHUNK = 5


@dataclass(frozen=True)
class Printed:
    """How long so many PDFs took in so many processes, by the clock and of the processors, and how large they are
    together, in bytes.
    """

    statements: int
    processes: int
    seconds: float
    busy: float
    size: int


def frozen_facts(participants: int, deals: int) -> Iterator[bytes]:
    """The frozen facts of people who each closed so many deals in a month, on a plan with two tiers."""
    people = [f"rep-{number:05d}" for number in range(participants)]
    roster = Roster.from_facts(
        (who, {"2026-01-01/plan": ["rep", "", 0, ""], "2026-01-01/quota.bookings": ["100000", "", 0, ""]})
        for who in people
    )
    plans = PlanSet([Plan.model_validate(PLAN)])
    sold = deals_table(list(_deals(people, deals)), plans.deal_columns)
    credits = credit(sold, roster, plans=plans).credits
    earned = earn(measure(credits, plans), roster, plans=plans)
    kept = details(explain(credits, roster, plans=plans, earnings=earned), earned, plans=plans, period=MONTH)
    paid = earned.group_by("participant_id").agg(pl.col("amount").sum())
    run = RunFacts(id=f"run-{MONTH}-1", name=MONTH, starts=date(2026, 6, 1), ends=date(2026, 6, 30))
    for who, detail, amount in kept.join(paid, on="participant_id").iter_rows():
        lines = [PayLine(kind=kind, currency="USD", amount=amount) for kind in ("earnings", "payment")]
        person = ParticipantFacts(id=who, name=who.title())
        facts = StatementFacts(run=run, participant=person, details={MONTH: orjson.loads(detail)}, pay_lines=lines)
        yield frozen(facts)


def printed(documents: list[bytes]) -> Printed:
    """Make the PDFs. Processes start anew, as those of a service would, and that is in the time."""
    processes = os.cpu_count() or 1
    begun, busy = perf_counter(), _busy()
    # Spawned, not forked: threads of data frame libraries do not survive a fork.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        size = sum(pool.map(_size, documents, chunksize=CHUNK))
    return Printed(
        statements=len(documents), processes=processes, seconds=perf_counter() - begun, busy=_busy() - busy, size=size
    )


def _busy() -> float:
    """Processor seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _size(document: bytes) -> int:
    return len(pdf(sheet(statement(document, final=True))))


def _deals(people: list[str], deals: int) -> Iterator[tuple[str, dict[str, list[object]]]]:
    for place, who in enumerate(people):
        for number in range(deals):
            fields = {
                "stage": "won",
                "currency": "USD",
                "owner": who,
                "amount": f"{400 + (place * 37 + number * 101) % 2400}.{(place + number) % 100:02d}",
                "close_date": (date(2026, 6, 1) + timedelta(number * 30 // deals)).isoformat(),
            }
            yield f"D-{place}-{number}", {name: [value, "", 0, ""] for name, value in fields.items()}


PLAN = {
    "plan": "rep",
    "version": 1,
    "name": "Representatives",
    "currency": "USD",
    "effective_from": date(2026, 1, 1),
    "credits": [{"rule": "own"}],
    "measures": [{"measure": "bookings", "sum_of": ["own"]}],
    "components": [
        {
            "component": "commission",
            "measure": "bookings",
            "kind": "graduated",
            "on": "attainment",
            "tiers": [{"up_to": "100%", "rate": "5%"}, {"rate": "8%"}],
        }
    ],
}
