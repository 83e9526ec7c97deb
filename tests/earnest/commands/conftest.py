"""An installation into which files are loaded, command by command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import pytest

from earnest.client import Client
from earnest.local.home import Home
from earnest.local.system import System, running_system
from tests.earnest.commands.loaded_files import DEALS, MANAGER, REP, ROSTER, said

AS_ANALYST: Final[dict[str, Any]] = {"who": "analyst", "service": "scoring"}


@pytest.fixture(scope="module")
def empty(server_folder: Path) -> Iterator[System]:
    """An installation that the tests of this module share."""
    home = Path(mkdtemp(prefix="day-", dir=server_folder))
    home.chmod(0o755)
    with running_system(Home(home)) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "plans").mkdir()
    for name, text in (
        ("plans/rep.yaml", REP),
        ("plans/manager.yaml", MANAGER),
        ("roster.csv", ROSTER),
        ("deals.csv", DEALS),
    ):
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def loading(empty: System, folder: Path) -> dict[str, str]:
    """What was said, command by command, while plans, roster and deals came into the empty installation."""
    (folder / "early.csv").write_text("participant_id,name\npia,Pia\n")
    told = {}
    for name, words in (
        ("early roster", ("roster", "load", "early.csv")),
        ("rep", ("plan", "publish", "plans/rep.yaml")),
        ("early roster again", ("roster", "load", "early.csv")),
        ("plans", ("plan", "publish", "plans")),
        ("roster", ("roster", "load", "roster.csv")),
        ("deals", ("deals", "load", "deals.csv", "--rejected", "rejected.csv")),
    ):
        told[name] = said(empty, folder, *words)
        if name == "early roster again":
            reach = Client(empty.home, empty.settings).get("/v1/plans/rep/reach?since=2025-01-01", **AS_ANALYST)
            told["reach"] = str(reach["participants"])
    return told


@pytest.fixture(scope="module")
def loaded(empty: System, loading: dict[str, str]) -> System:
    """The installation with plans, roster and deals, which the tests of a module share."""
    return empty
