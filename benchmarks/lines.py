"""The lines of a month in bulk: deals and earnings put into scoring's tables, then asked for as payout asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter

import polars as pl
import psutil
from sqlalchemy import Engine

from benchmarks.kernel import deals, plan, roster
from earnest.local.system import System
from services.payout.scoring_client import ScoringClient
from services.scoring.credit import store as stored_deals
from services.scoring.credit.deals import CREDIT, STORED
from services.scoring.earn import store as stored_sums
from services.scoring.earn.participant_sums import PARTICIPANT_SUMS, updated
from services.scoring.facts_codec import pack_patch
from services.scoring.reference import store as stored_reference
from services.scoring.row_codec import NO_ROWS, encode_rows
from shared.database import database_url, engine_for
from shared.kernel import PlanSet, credit, summed
from shared.periods import Month

PERIOD = Month("2025-01")
PAGE = 50_000
STAMP = "2025-01-31T00:00:00.000000Z"


@dataclass(frozen=True)
class Lines:
    """Seconds by the clock from the request until the table was read and checked, and those of scoring's and our
    processor.

    `mebibytes` is the table's size here, `peak_bytes` the most memory that scoring held.
    """

    seconds: float
    busy: float
    participants: int
    lines: int
    mebibytes: float
    peak_bytes: int


def measure_lines(system: System, number: int, participants: int) -> Lines:
    """Fill the tables, and ask for the month of everyone."""
    engine = engine_for(database_url(system.settings), "scoring", pool_size=1)
    fill(engine, number, participants)
    engine.dispose()
    source = ScoringClient.from_settings(system.settings)
    scoring = _scoring()
    begun, was = perf_counter(), _busy(scoring)
    table = source.of(PERIOD, None)
    seconds, busy = perf_counter() - begun, _busy(scoring) - was
    source.close()
    assert table["settled"].all()
    lines = int(table["lines"].list.len().sum())
    return Lines(
        seconds=seconds,
        busy=busy,
        participants=table.height,
        lines=lines,
        mebibytes=table.estimated_size("mb"),
        peak_bytes=_most_memory(scoring),
    )


def fill(engine: Engine, number: int, participants: int) -> None:
    """Put deals, their credits and what they earn into scoring's tables, as the stream would have left them."""
    plans, people = PlanSet([plan()]), roster(participants)
    whole = deals(number, participants).with_columns(
        close_date=pl.lit(date(2025, 1, 1)) + pl.duration(days=pl.int_range(number) % 31)
    )
    facts = {
        f"p{person}": {
            f"2024-01-01/{name}": [value, STAMP, 0, "hr"]
            for name, value in (("plan", "bench"), ("quota.bookings", "750000"))
        }
        for person in range(participants)
    }
    with engine.begin() as connection:
        stored_reference.lock_for_change(connection)
        stored_reference.save_change(connection, facts, versions=list(plans), authors={"bench@1": "analyst"})
        sums = []
        for page in whole.iter_slices(PAGE):
            credited = credit(page, people, plans=plans).credits
            sums.append(summed(credited, plans))
            bare = credited.with_columns(period=pl.lit(None, dtype=pl.String), credit_date=pl.lit(None, dtype=pl.Date))
            rows = page.join(
                encode_rows(bare, ["deal_id"], columns=list(CREDIT), name="credits"), on="deal_id", how="left"
            )
            texts = [pack_patch(_patch(row), STAMP, sequence=0, source="crm") for row in page.iter_rows(named=True)]
            stored = rows.with_columns(
                pl.Series("facts", texts),
                pl.col("credits").fill_null(NO_ROWS),
                version=pl.lit(1, dtype=pl.Int64),
                sharers=pl.lit(None, dtype=pl.List(pl.String)),
                uncredited=pl.lit(NO_ROWS),
            )
            stored_deals.save(connection, stored.select(STORED.names()))
        changes = pl.concat(sums)
        earned = updated(pl.DataFrame(schema=PARTICIPANT_SUMS), changes, roster=people, plans=plans, months=None)
        stored_sums.save(connection, earned)
    # As autovacuum does in time; right after a bulk load the planner would know nothing of the table.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("vacuum analyze deal")


def _patch(deal: dict[str, object]) -> dict[str, object]:
    cents = int(str(deal["amount"]))
    amount = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    return {
        "stage": "won",
        "currency": "USD",
        "amount": amount,
        "close_date": str(deal["close_date"]),
        "owner": deal["owner"],
        "account": f"Customer {deal['deal_id']}",
        "payments.p1": {"amount": f"{abs(cents) // 100 + 1}.00", "date": "2025-02-20"},
        "start_date": "2025-02-01",
        "term_months": 12,
    }


def _scoring() -> psutil.Process:
    children = psutil.Process().children(recursive=True)
    return next(process for process in children if "services.scoring" in process.cmdline())


def _busy(scoring: psutil.Process) -> float:
    """Seconds of the processor that scoring and this process have used."""
    return float(sum(times.user + times.system for times in (scoring.cpu_times(), psutil.Process().cpu_times())))


def _most_memory(scoring: psutil.Process) -> int:
    """As the machine's kernel counts it, in bytes."""
    status = Path(f"/proc/{scoring.pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), 0)
