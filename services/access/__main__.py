"""The access process: the API, and the worker that keeps who reports to whom."""

from __future__ import annotations

from services.access.app import create_app
from services.access.assignments.worker import TOPICS, WORKER, step
from services.access.tables import CHAIN
from shared import logs
from shared.access.database import AccessDatabase
from shared.contracts.topics import ROAD
from shared.database import service_engine, view_engine
from shared.log.open import open_log, relays
from shared.log.worker import Worker
from shared.proof.anchoring import Anchoring
from shared.service import Crew, serve
from shared.settings import Settings


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logs.set_up("access")
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    engine, view = service_engine(settings, "access"), view_engine(settings, "access")
    log = open_log(settings, "access")
    log.ensure(ROAD)
    roster = Worker(WORKER, log, engine=engine, topics=TOPICS, step=step, member=settings.member_name)
    crew = Crew([roster, Anchoring(engine, CHAIN, settings=settings), *relays(log)])
    app = create_app(settings, engine, view=view, access=AccessDatabase(engine), ready=crew.reasons)
    serve(app, settings.host, port=settings.access_port, crew=crew)
    log.close()
    view.dispose()
    engine.dispose()


if __name__ == "__main__":
    main()
