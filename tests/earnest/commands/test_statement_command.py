"""Statements of a run become files from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import bench
from earnest import client as client_module
from earnest.cli import app
from earnest.local.home import Home
from shared.settings import Settings

PEOPLE = ["ada.brandt", "eu/mia", "ben"]


class Service:
    """Answers as payout does, and remembers what it was asked."""

    asked: tuple[str, ...] = ()

    def __init__(self, home: Home, settings: Settings) -> None:
        pass

    def get(self, path: str, *, who: str) -> dict[str, Any]:
        assert (path, who) == ("/v1/statements/run-2026-06-1", "dana")
        return {"statements": [{"participant_id": participant} for participant in PEOPLE]}

    def fetch(self, path: str, *, who: str) -> bytes:
        Service.asked += (path,)
        return f"payout {unquote(path)}".encode()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr(client_module, "Client", Service)
    monkeypatch.setenv("EARNEST_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Home, "settings", lambda _: Settings(database_url="postgresql://nobody@localhost/unused"))
    Service.asked = ()

    def command(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["statement", *arguments])

    return command


def test_one_statement_is_written_as_pdf_unless_said_otherwise(run: Any, tmp_path: Path) -> None:
    assert run("run-2026-06-1", "ada.brandt", "--out", str(tmp_path)).exit_code == 0
    assert (tmp_path / "ada.brandt.pdf").read_text() == "payout /v1/statements/run-2026-06-1/ada.brandt.pdf"
    assert run("run-2026-06-1", "ada.brandt", "--format", "html", "--out", str(tmp_path)).exit_code == 0
    assert (tmp_path / "ada.brandt.html").exists()


def test_a_team_has_a_file_of_its_own_whose_links_lead_to_the_files_beside_it(run: Any, tmp_path: Path) -> None:
    assert run("run-2026-06-1", "mia", "--team", "--format", "json", "--out", str(tmp_path)).exit_code == 0
    assert (tmp_path / "mia" / "team.json").read_text() == "payout /v1/statements/run-2026-06-1/mia/team.json"
    assert run("run-2026-06-1", "ada", "--format", "html", "--out", str(tmp_path)).exit_code == 0
    assert (tmp_path / "mia" / ".." / "ada.html").exists()  # where the team's page leads: `../ada.html`


def test_everybodys_are_written_under_names_that_a_file_may_have(run: Any, tmp_path: Path) -> None:
    outcome = run("run-2026-06-1", "--all", "--out", str(tmp_path / "all"))
    assert outcome.exit_code == 0
    assert "3 statements" in outcome.output
    assert sorted(file.name for file in (tmp_path / "all").iterdir()) == ["ada.brandt.pdf", "ben.pdf", "eu%2Fmia.pdf"]
    assert "/v1/statements/run-2026-06-1/eu%2Fmia.pdf" in Service.asked


def test_it_has_to_be_said_whose(run: Any) -> None:
    for arguments in ((), ("ada", "--all"), ("--all", "--team")):
        outcome = run("run-2026-06-1", *arguments)
        assert outcome.exit_code != 0
        assert "say whose statement" in str(outcome.exception)


def test_statements_can_be_measured() -> None:
    outcome = CliRunner().invoke(bench, ["statements", "--participants", "4", "--deals", "3"])
    assert outcome.exit_code == 0, outcome.output
    assert "PDFs per second" in outcome.output


def test_what_is_measured_are_whole_statements() -> None:
    from benchmarks.statements import frozen_facts
    from services.payout.statements.build import statement

    for document in frozen_facts(2, 3):
        made = statement(document, final=True)
        assert len(made.earned[0].parts[0].lines) == 3
        assert made.earned[0].amount == made.pay[0].payment
        assert json.loads(made.model_dump_json())["form"] == 1
