"""The demo company, played once for all tests that look at it or go on from there."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from earnest.company.deliveries import roster_files
from earnest.company.people import People
from earnest.company.play import play_once, prepare
from earnest.local.home import Home
from earnest.local.system import System, running_system


class Played:
    """A running installation after the play, and what the play printed."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.people = People.of_files(roster_files())
        self.said = self.play()

    def play(self) -> str:
        console = Console(file=io.StringIO(), width=120)
        assert play_once(self.system, console)
        return console.file.getvalue()  # type: ignore[attr-defined]

    def get(self, service: str, path: str, who: str = "dana") -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.system.key(who)}"}
        answer = httpx.get(f"{self.system.urls[service]}{path}", headers=headers).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def books(self) -> tuple[Any, ...]:
        """What must not change when nothing new is said."""
        journals = [self.get("payout", f"/v1/participants/{who}/journal?limit=500") for who in self.people.ids]
        return self.get("payout", "/v1/summary")["totals"], self.get("payout", "/v1/runs"), journals


@pytest.fixture(scope="session")
def played(server_folder: Path) -> Iterator[Played]:
    home = Home(server_folder / "demo-play")
    prepare(home)
    with running_system(home) as system:
        yield Played(system)
