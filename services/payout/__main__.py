"""The payout process: the API, the worker that books, and the courier that delivers payroll files."""

from __future__ import annotations

from functools import partial

from services.payout.app import create_app
from services.payout.delivery.worker import Courier
from services.payout.ledger.worker import BATCH, TOPICS, WORKER, step
from services.payout.payroll.worker import CutOffs
from services.payout.runs.service.publishing import publish_unpublished
from services.payout.scoring_client import ScoringClient
from services.payout.tables import CHAIN
from shared import logs
from shared.access.database import AccessDatabase
from shared.bounded import BoundedProcess
from shared.contracts.topics import ROAD
from shared.database import service_engine, view_engine
from shared.deps import utc_now
from shared.log.open import open_log, relays
from shared.log.worker import Worker
from shared.proof.anchoring import Anchoring
from shared.service import Crew, serve
from shared.settings import Settings


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logs.set_up("payout")
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    engine, view = service_engine(settings, "payout"), view_engine(settings, "payout")
    log = open_log(settings, "payout")
    log.ensure(ROAD)
    publish_unpublished(engine, log)
    books = Worker(
        WORKER, log, engine=engine, topics=TOPICS, step=partial(step, utc_now), member=settings.member_name, batch=BATCH
    )
    cut_offs = CutOffs(engine, lambda: utc_now().astimezone(settings.zone).date())
    anchors = Anchoring(engine, CHAIN, settings=settings)
    crew = Crew([books, Courier(engine, settings, now=utc_now), cut_offs, anchors, *relays(log)])
    scoring, apart = ScoringClient.from_settings(settings), BoundedProcess()
    access = AccessDatabase.of(settings, "payout")
    app = create_app(
        settings,
        engine,
        view=view,
        now=utc_now,
        ready=crew.reasons,
        lines=scoring,
        deals=scoring,
        log=log,
        access=access,
        calculating=apart.run,
    )
    serve(app, settings.host, port=settings.payout_port, crew=crew)
    scoring.close()
    apart.close()
    log.close()
    access.close()
    view.dispose()
    engine.dispose()


if __name__ == "__main__":
    main()
