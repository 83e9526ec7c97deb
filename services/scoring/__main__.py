"""The scoring process: the API, and the workers."""

from __future__ import annotations

import os
from functools import partial

# Before anything imports Polars. Its threads would help one batch at the expense of the others: who wants more, scales
# processes.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

from services.scoring.app import create_app
from services.scoring.quarantine.crash_guard import APART_BYTES, APART_SECONDS, APART_WALL_SECONDS, CrashGuard
from services.scoring.quarantine.service import try_published
from services.scoring.quarantine.trial import harm
from services.scoring.tables import CHAIN
from services.scoring.worker import BATCH, INPUTS, steps
from shared import logs
from shared.access.database import AccessDatabase
from shared.bounded import BoundedProcess
from shared.contracts.topics import ROAD
from shared.database import service_engine, view_engine
from shared.log.open import open_log, relays
from shared.log.worker import Worker
from shared.proof.anchoring import Anchoring
from shared.service import Crew, serve
from shared.settings import Settings


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logs.set_up("scoring")
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    # Connections of their own: many requests then cannot keep workers waiting, and whoever makes a note, in the middle
    # of a step, cannot wait for a connection that others keep who want to make one, too.
    engine, notes = service_engine(settings, "scoring"), service_engine(settings, "scoring")
    requests, view = service_engine(settings, "scoring"), view_engine(settings, "scoring")
    log = open_log(settings, "scoring")
    log.ensure(ROAD)
    bounded = BoundedProcess()
    try_published(engine, bounded)
    apart = BoundedProcess(seconds=APART_SECONDS, wall_seconds=APART_WALL_SECONDS, memory=APART_BYTES)
    guard = CrashGuard(notes, apart)
    step = guard.steps(steps(partial(harm, bounded)))
    workers = [
        Worker(name, log, engine=engine, topics=topics, step=step[name], member=settings.member_name, batch=BATCH[name])
        for name, topics in INPUTS.items()
    ]
    crew = Crew([*workers, Anchoring(requests, CHAIN, settings=settings), *relays(log)])
    access = AccessDatabase.of(settings, "scoring")
    serve(
        create_app(settings, requests, view=view, ready=crew.reasons, log=log, guarded=guard.asked, access=access),
        settings.host,
        port=settings.scoring_port,
        crew=crew,
    )
    bounded.close()
    apart.close()
    log.close()
    access.close()
    for each in (requests, view, notes, engine):
        each.dispose()


if __name__ == "__main__":
    main()
