"""Every benchmark runs to its end, small: a measure that has stopped working is found before somebody asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import bench

SMALL = {
    "kernel": "--deals 1000 --participants 10",
    "plan": "--deals 1000 --participants 10",
    "stream": "--seconds 1 --goal 500 --participants 10",
    "change": "--deals 1000",
    "alerts": "--deals 1 --earlier 1",
    "clients": "--deals 1000 --participants 10 --seconds 1",
    "drift": "--series 2",
    "history": "--deals 10",
    "lines": "--deals 1000 --participants 10",
    "payout": "--deals 1000 --participants 10",
    "statements": "--participants 2 --deals 2",
}


def test_every_benchmark_is_tried_here() -> None:
    names = {command.name or command.callback.__name__ for command in bench.registered_commands if command.callback}
    assert names == set(SMALL)


@pytest.mark.parametrize("name", SMALL)
def test_a_benchmark_runs_to_its_end(name: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, *SMALL[name].split()],
        capture_output=True,
        text=True,
        env=os.environ | {"HOME": str(tmp_path), "COLUMNS": "200"},
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "│" in run.stdout
