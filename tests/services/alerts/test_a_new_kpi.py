"""Adding a KPI takes one file of data and nothing else, also where it looks at a column of deals that nothing looked at
before.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Engine

from services.alerts.evaluation.readings import evaluate_plan, needed_from
from services.alerts.evaluation.totals import Placed, Where
from services.alerts.kpis import Catalogue, load
from services.alerts.rollups import store
from services.alerts.verify import recount_if_sums_changed, verify
from shared.contracts.topics import DEALS
from shared.log.port import Record, Stored
from shared.log.postgres import PostgresLog

FILE = """
columns: {seats: number}
kpis:
  - name: months_per_seat
    position: 35
    title: Months per seat
    unit: number
    of: deals
    where: stage = 'won' and seats > 0
    numerator: term_months
    denominator: seats
    observed: deals won in 30 days that have seats
    bad: below
    threshold: {below: 9, window: {days: 30}}
    drift: {}
    minimum: 30
    segments: [product, plan]
    meaning: Months of term for each seat of the deals won in the last 30 days.
    action: Ask whether the plan pays on bookings alone.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A company's folder of KPIs with one file in it."""
    kpis = tmp_path / "kpis"
    kpis.mkdir()
    (kpis / "months_per_seat.yaml").write_text(FILE)
    return kpis


def test_it_has_alerts_a_runbook_and_panels_after_those_before_it(folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    command = [sys.executable, "-m", "services.alerts.operations", str(made), str(folder)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[3])
    rules = (made / "deploy" / "prometheus" / "rules" / "kpis" / "months_per_seat.yml").read_text()
    assert re.findall(r"alert: (\w+)", rules) == ["EarnestMonthsPerSeatLow", "EarnestMonthsPerSeatDrift"]
    assert "Ask whether the plan pays on bookings alone." in rules
    for page in ("earnest-program", "earnest-plan"):
        panels = json.loads((made / "deploy" / "grafana" / "dashboards" / f"{page}.json").read_text())["panels"]
        drawn = [
            panel["title"]
            for panel in panels
            if panel["type"] == "timeseries" and "What to do:" in panel["description"]
        ]
        assert "Months per seat" in drawn[drawn.index("Discount of the average deal") : drawn.index("Win rate")]


def test_it_has_a_past_on_its_first_day(
    folder: Path,
    alerts_engine: Engine,
    administrator: Engine,
    log: PostgresLog,
    deal: Callable[..., Stored],
    catch_up: Callable[[], None],
    catalogue: Catalogue,
) -> None:
    """Deals that were counted before it was thought of count in its sums, and what was set aside stays so."""

    def sold(number: int, **fields: object) -> Record:
        won = {"stage": "won", "currency": "EUR", "close_date": "2025-03-14", "amount": "100.00"}
        return deal(f"d{number}", "2025-03-14T10:00:00.000000Z", **won, **fields).record

    assert not recount_if_sums_changed(alerts_engine, log, catalogue=catalogue)  # as the service starts the first time
    terms = [{"term_months": 12 + number % 4, "custom.seats": 2} for number in range(40)]
    log.append(DEALS, [sold(number, **said) for number, said in enumerate(terms)])
    log.append(DEALS, [sold(40), Record("d0", orjson.dumps({"deal_id": "d0"}))])
    catch_up()
    assert verify(administrator, log, catalogue=catalogue) == []
    with_it = load(folder)
    assert with_it.remarks == ()
    assert len(verify(administrator, log, catalogue=with_it)) == 1  # it is not counted yet
    assert [recount_if_sums_changed(alerts_engine, log, catalogue=with_it) for _ in range(2)] == [True, False]
    as_of = date(2025, 3, 17)  # the week of the deals is over
    with alerts_engine.connect() as connection:
        cells = list(store.cells(connection, needed_from(as_of), last=as_of))
    sums = [Placed(cell.day, Where(cell.currency, cell.dimension, cell.segment), sums) for cell, sums in cells]
    found = {
        reading.where: (reading.value, reading.observations, reading.breached)
        for reading in evaluate_plan(sums, with_it, as_of=as_of)
        if reading.kpi.name == "months_per_seat"
    }
    assert found == {
        Where(): (Decimal("6.750000"), 40, True),
        Where("", "plan", "none"): (Decimal("6.750000"), 40, None),
        Where("", "product", "none"): (Decimal("6.750000"), 40, None),
    }
    assert verify(administrator, log, catalogue=with_it) == []
    assert recount_if_sums_changed(
        alerts_engine, log, catalogue=catalogue
    )  # without the file they are counted as before
    assert verify(administrator, log, catalogue=catalogue) == []
