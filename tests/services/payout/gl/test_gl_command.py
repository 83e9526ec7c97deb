"""`earnest payout gl` against the real API: post, fetch, compare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from earnest import client as client_module
from earnest.cli import app
from earnest.local.home import Home
from shared.settings import Settings
from tests.services.payout.desk import Book, Desk, earned
from tests.services.payout.gl.test_gl_api import publish

Cli = Callable[..., Result]


@pytest.fixture
def cli(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    class Client(client_module.Client):
        def __init__(self, home: Home, settings: Settings) -> None:
            pass

        def _answer(self, service: str, method: str, *, path: str, who: str, body: Any = None, **_: Any) -> Any:
            answer = desk.get(path, who) if method == "GET" else desk.post(path, who, body)
            assert answer.is_success, answer.text
            return answer

    monkeypatch.setattr(client_module, "Client", Client)
    monkeypatch.setenv("EARNEST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(Home, "settings", lambda _: Settings(database_url="postgresql://nobody@localhost/unused"))
    return lambda *arguments: CliRunner().invoke(app, ["payout", "gl", *map(str, arguments)])


def test_a_month_is_looked_at_posted_fetched_and_compared(cli: Cli, desk: Desk, book: Book, tmp_path: Path) -> None:
    publish(desk)
    book([earned("ada", "2025-11", 1, ("USD", 1234_50))])
    assert "Expenses:Commissions" in cli("preview", "2025-11").output
    assert cli("reconcile", "2025-11").exit_code == 1
    posted = cli("post", "2025-11", "--format", "beancount", "--out", tmp_path / "out")
    assert posted.exit_code == 0, posted.output
    assert "1,234.50 USD" in posted.output
    file = tmp_path / "out" / "gl-2025-11-1.beancount"
    assert hashlib.sha256(file.read_bytes()).hexdigest() in posted.output
    assert (tmp_path / "out" / "gl-2025-11-1.manifest.json").exists()
    assert "They agree." in cli("reconcile", "2025-11").output
    assert "Nothing is booked in 2025-11 that is not posted." in cli("preview", "2025-11").output
    assert "gl-2025-11-1" in cli("list").output
    assert "beancount, posted by dana" in cli("show", "gl-2025-11-1").output
    cli("fetch", "gl-2025-11-1", "--out", tmp_path / "again")
    assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()
    assert "netsuite" in cli("formats").output
