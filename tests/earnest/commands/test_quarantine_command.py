"""`earnest quarantine` over the plan versions of scoring, whether scoring runs or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from earnest.cli import app
from earnest.local.processes import LocalError
from shared.contracts.topics import RECREDITS, ROAD
from shared.log.open import open_log
from shared.settings import Settings
from tests.services.scoring.conftest import Road, database_url, road, scoring_engine, simple_plan
from tests.services.scoring.test_scoring_steps import WON, pay

__all__ = ["database_url", "road", "scoring_engine"]


@pytest.fixture
def sold(road: Road, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Road:
    """ann is on plan rep and has sold once; the commands' settings point at the database of that."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setenv("EARNEST_HOME", str(tmp_path))
    road.plan(simple_plan())
    road.person("ann", "2025-01-01", plan="rep", quota_bookings="10000")
    road.deal("first", owner="ann", **WON)
    road.drain()
    return road


def earnest(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["quarantine", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_a_version_is_set_aside_listed_and_lifted(
    sold: Road, scoring_engine: Engine, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "logs").mkdir()
    assert earnest("list") == "No plan version is quarantined.\n"
    added = earnest("add", "rep", "1", "--reason", "it takes all memory", "--as", "olga")
    assert added == "rep@1 is quarantined. Publish a corrected version, or lift it.\n", "and no line of a log"
    [logged] = (tmp_path / "logs" / "commands.log").read_text().splitlines()
    assert {"event": "plan.quarantined", "plan": "rep", "by": "olga"}.items() <= json.loads(logged).items()
    sold.deal("second", owner="ann", **WON)
    sold.drain()
    assert pay(sold) == {("ann", "commission", "2025-03"): 5000}
    first, second, *others = earnest("list").splitlines()
    assert first.startswith("rep@1 since ")
    assert first.endswith("by olga: it takes all memory")
    assert second.strip() == "deals that wait: 1; participants: ann"
    assert not others
    log = open_log(Settings(database_url=database_url, kafka_bootstrap_servers=None))
    log.ensure(ROAD)
    assert earnest("lift", "rep", "1", "--as", "olga").endswith("rep@1 is calculated with again.\n")
    asked = [stored.record for place in log.ends(RECREDITS) for stored in log.read(place, 0, limit=10)]
    log.close()
    assert [record.value for record in asked] == [b'{"deal_ids":["first","second"]}']
    assert earnest("list") == "No plan version is quarantined.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "rep", "7", "--reason", "why"], "rep@7 is not published"),
        (["lift", "rep", "1"], "rep@1 is not quarantined"),
    ],
)
def test_what_is_not_there_is_said(sold: Road, arguments: list[str], said: str) -> None:
    with pytest.raises(LocalError, match=said):
        earnest(*arguments)
