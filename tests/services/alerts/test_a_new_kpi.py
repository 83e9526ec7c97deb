"""Adding a KPI takes one module and nothing else, also where it looks at a field of deals that nothing looked at
before.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Engine

from services.alerts.verify import recount_if_sums_changed, verify
from shared.contracts.topics import DEALS
from shared.log.port import Record, Stored
from shared.log.postgres import PostgresLog

ROOT = Path(__file__).resolve().parents[3]

MODULE = '''
"""Average term: whether contracts become shorter."""

from decimal import Decimal

from services.alerts.kpis.base import Measurement, PlanKpi, Viewpoint, ratio
from services.alerts.kpis.sums import ClosedDeal, DealSum
from shared.facts import value_of


def months(deal: ClosedDeal) -> int:
    return (value_of(deal.facts, "term_months") or 0) if deal.won else 0


TERM_MONTHS = DealSum("term_months", months, fields=("term_months",))
WITH_TERM = DealSum("with_term", lambda deal: int(months(deal) > 0), fields=("term_months",))


def average_term(at: Viewpoint) -> Measurement:
    count = at.closed_lately(WITH_TERM)
    return Measurement(ratio(at.closed_lately(TERM_MONTHS), count), count)


KPI = PlanKpi(
    name="average_term",
    position=35,
    title="Average term",
    unit="ratio",
    bad="below",
    threshold=Decimal(9),
    minimum=30,
    observed="deals won in 30 days that have a term",
    meaning="Months of term per deal won in the last 30 days.",
    action="Ask whether the plan pays on bookings alone.",
    sums=(TERM_MONTHS, WITH_TERM),
    formula=average_term,
)
'''

COUNT_AGAIN_AND_READ = """
import json, sys
from datetime import date
from sqlalchemy import make_url
from services.alerts.rollups import store
from services.alerts.evaluation.readings import evaluate_plan, needed_from
from services.alerts.verify import recount_if_sums_changed, verify
from shared.database import engine_for
from shared.log.postgres import PostgresLog

url = make_url(sys.argv[1]).set(drivername="postgresql+psycopg")
engine, log, as_of = engine_for(url, "alerts"), PostgresLog(url, partitions=3), date(2025, 3, 14)
recounted = [recount_if_sums_changed(engine, log) for _ in range(2)]
with engine.connect() as connection:
    readings = evaluate_plan(store.totals(connection, needed_from(as_of), last=date(2025, 3, 31)), as_of)
found = [[str(reading.value), reading.observations, reading.breached] for reading in readings if reading.kpi == "average_term"]
print(json.dumps({"recounted": recounted, "readings": found, "differences": verify(engine, log)}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as they are, with one module more."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("shared", "services"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "services" / "alerts" / "kpis" / "average_term.py").write_text(MODULE)
    return folder


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_has_alerts_a_runbook_and_panels_after_those_before_it(copy: Path, tmp_path: Path) -> None:
    run(copy, "-m", "services.alerts.operations", str(tmp_path))
    rules = (tmp_path / "deploy" / "prometheus" / "rules" / "kpis" / "average_term.yml").read_text()
    assert re.findall(r"alert: (\w+)", rules) == ["EarnestAverageTermLow", "EarnestAverageTermDrift"]
    assert "Ask whether the plan pays on bookings alone." in rules
    for page in ("earnest-program", "earnest-plan"):
        panels = json.loads((tmp_path / "deploy" / "grafana" / "dashboards" / f"{page}.json").read_text())["panels"]
        assert [
            panel["title"]
            for panel in panels
            if panel["type"] == "timeseries" and "What to do:" in panel["description"]
        ] == [
            "Attainment pace",
            "Comp cost of sales",
            "Average discount",
            "Average term",
            "Win rate",
        ]


def test_it_has_a_past_on_its_first_day(
    copy: Path,
    database_url: str,
    alerts_engine: Engine,
    log: PostgresLog,
    deal: Callable[..., Stored],
    catch_up: Callable[[], None],
) -> None:
    """Deals that were counted before it was thought of count in its sums, and what was set aside stays so."""

    def sold(number: int, **fields: object) -> Record:
        won = {"stage": "won", "currency": "EUR", "close_date": "2025-03-14", "amount": "100.00"}
        return deal(f"d{number}", "2025-03-14T10:00:00.000000Z", **won, **fields).record

    assert not recount_if_sums_changed(alerts_engine, log)  # as it is when the service starts the first time
    log.append(DEALS, [sold(number, term_months=6 + number % 4) for number in range(40)])
    log.append(DEALS, [sold(40), Record("d0", orjson.dumps({"deal_id": "d0"}))])
    catch_up()
    assert verify(alerts_engine, log) == []
    told = json.loads(run(copy, "-c", COUNT_AGAIN_AND_READ, database_url).splitlines()[-1])
    assert told == {"recounted": [True, False], "readings": [["7.500000", 40, True]], "differences": []}
    assert recount_if_sums_changed(alerts_engine, log)  # without the module they are counted as before
    assert verify(alerts_engine, log) == []
