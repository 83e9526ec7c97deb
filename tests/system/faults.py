"""Faults for real processes: workers killed and frozen at random points, the database killed, and what came out of it
all.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from earnest.local.postgres import Postgres
from tests.waiting import until


@dataclass
class Fleet:
    """Worker processes of one kind, numbered as members of their group, restarted when they are gone."""

    command: Callable[[int], Sequence[str]]
    environment: Callable[[int], dict[str, str]]
    logs: Path
    size: int
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def tend(self) -> None:
        """Start every member that does not run."""
        for number in range(self.size):
            running = self.processes.get(number)
            if running is None or running.poll() is not None:
                with (self.logs / f"member-{number}.log").open("ab") as log:
                    self.processes[number] = subprocess.Popen(
                        self.command(number),
                        env={**os.environ, **self.environment(number)},
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )

    def kill(self, number: int) -> None:
        """End a member as a crash does."""
        self.processes[number].kill()
        self.processes[number].wait()

    def freeze(self, number: int) -> None:
        """Stop a member where it stands; it knows nothing of it."""
        self.processes[number].send_signal(signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        """Let a frozen member go on, as if no time had passed."""
        with contextlib.suppress(ProcessLookupError):
            self.processes[number].send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End all members in order, and hard where they do not."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def storm(
    fleet: Fleet, postgres: Postgres, rng: random.Random, faults: Sequence[str], frozen_seconds: float
) -> list[str]:
    """Let the faults happen one after another at random moments; returns what happened, for the failure message.

    `kill`: SIGKILL to a member, restarted at once. `freeze`: SIGSTOP longer than the group waits for a silent member,
    then
    SIGCONT: it goes on with partitions that others own by now. `database`: SIGKILL to PostgreSQL, started again.
    """
    story = []
    for fault in faults:
        time.sleep(rng.uniform(0.2, 1.5))
        number = rng.randrange(fleet.size)
        story.append(f"{fault} {number if fault != 'database' else ''}".strip())
        if fault == "kill":
            fleet.kill(number)
        elif fault == "freeze":
            fleet.freeze(number)
            time.sleep(frozen_seconds)
            fleet.thaw(number)
        elif fault == "database":
            postgres.kill()
            time.sleep(rng.uniform(0.0, 0.5))
            postgres.start()
        fleet.tend()
    return story


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition; database errors mean not yet."""

    def met() -> bool:
        with contextlib.suppress(psycopg.Error):
            return condition()
        return False

    until(met, what)


def python(*arguments: str) -> list[str]:
    """A command that runs this interpreter."""
    return [sys.executable, *arguments]
