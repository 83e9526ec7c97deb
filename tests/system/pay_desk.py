"""A payout service and its scoring as real processes, killed now and then, and a desk that insists until its requests
are answered.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from earnest.local.claims import claim_port
from earnest.local.logins import make_passwords, prepare_database
from earnest.local.postgres import Postgres
from shared.log.open import open_log
from shared.log.port import Log
from shared.settings import Settings
from tests.services.payout.delivery.sftp_drop import Drop, provider
from tests.services.payout.life.company import write_keys
from tests.system.faults import Fleet, python
from tests.waiting import until

SCORING, PAYOUT = 0, 1
"""How long a request may go unanswered."""


@dataclass
class PayDesk:
    """What people and payroll ask of payout, whatever happens to it."""

    postgres: Postgres
    settings: Settings
    log: Log
    fleet: Fleet
    drop: Drop
    rng: random.Random
    story: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, who: str, body: Any = None, **headers: str) -> httpx.Response | None:
        """Ask once; None where nobody knows what came of it."""
        named = {
            "authorization": f"Bearer key-{who}",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        url = f"http://127.0.0.1:{self.settings.payout_port}{path}"
        try:
            answer = httpx.request(method, url, json=body, headers=named, timeout=20)
        except httpx.TransportError:
            return None
        return None if answer.status_code >= 500 else answer

    def insist(self, method: str, path: str, who: str, body: Any = None, **headers: str) -> httpx.Response:
        """Ask until somebody answers."""

        def answer() -> httpx.Response | None:
            self.tend()
            return self.ask(method, path, who, body, **headers)

        return until(answer, f"an answer to {path}")

    def ask_and_kill(self, method: str, path: str, who: str, body: Any = None, **headers: str) -> httpx.Response | None:
        """Ask once, while the service or its database is killed at a random moment before, within or after."""
        victim, delay = self.rng.choice(["payout", "payout", "payout", "database"]), self.rng.uniform(0, 0.15)
        self.story.append(f"{victim} killed {delay * 1000:.0f} ms into {path}")
        killer = threading.Timer(delay, self.postgres.kill if victim == "database" else self._kill)
        killer.start()
        answer = self.ask(method, path, who, body, **headers)
        killer.join()
        return answer

    def tend(self) -> None:
        """Start again what does not run."""
        self.postgres.start()
        self.fleet.tend()

    def told(self) -> str:
        """What happened, for whoever reads of a failure."""
        return "; ".join(self.story)

    def _kill(self) -> None:
        self.fleet.kill(PAYOUT)


@contextmanager
def pay_desk(folder: Path, rng: random.Random) -> Iterator[PayDesk]:
    """All of it, until the block ends."""
    for each in (folder, folder / "provider"):
        each.mkdir()
        each.chmod(0o755)
    with Postgres(folder / "postgres") as postgres, provider(folder / "provider") as drop:
        settings = Settings(
            database_url=postgres.url(),
            database_passwords_dir=postgres.passwords,
            partitions=3,
            keys_file=write_keys(folder),
            client_key_file=folder / "client-key",
            deliveries_dir=drop.secrets,
            scoring_port=claim_port(folder / "scoring-port"),
            payout_port=claim_port(folder / "payout-port"),
        )
        told = {
            "DATABASE_URL": settings.database_url,
            "EARNEST_DATABASE_PASSWORDS_DIR": str(settings.database_passwords_dir),
            "EARNEST_PARTITIONS": "3",
            "EARNEST_KEYS_FILE": str(settings.keys_file),
            "EARNEST_CLIENT_KEY_FILE": str(settings.client_key_file),
            "EARNEST_DELIVERIES_DIR": str(settings.deliveries_dir),
            "EARNEST_SCORING_PORT": str(settings.scoring_port),
            "EARNEST_SCORING_URL": f"http://127.0.0.1:{settings.scoring_port}",
            "EARNEST_PAYOUT_PORT": str(settings.payout_port),
        }
        modules = {SCORING: "services.scoring", PAYOUT: "services.payout"}
        fleet = Fleet(lambda number: python("-m", modules[number]), lambda _: told, folder, len(modules))
        make_passwords(postgres.passwords)
        prepare_database(settings)
        log = open_log(settings)
        fleet.tend()
        try:
            yield PayDesk(postgres=postgres, settings=settings, log=log, fleet=fleet, drop=drop, rng=rng)
        finally:
            fleet.stop()
            log.close()
