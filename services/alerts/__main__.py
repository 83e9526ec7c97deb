"""The alerts process: the API, the worker that counts, and the evaluator."""

from __future__ import annotations

import os

# Before anything imports NumPy: of the small matrices of drift detection threads cost several times what they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import structlog
from sqlalchemy import Engine

from services.alerts.app import create_app
from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.kpis import load
from services.alerts.lifecycle import store
from services.alerts.lifecycle.service import Charts, Lifecycle
from services.alerts.notifications.worker import Declaration, Sender
from services.alerts.operations.alertmanager import Alertmanager
from services.alerts.operations.alertmanager_client import AlertmanagerClient
from services.alerts.proposals import worker as published
from services.alerts.rollups.worker import BATCH, TOPICS, WORKER, CountingStep
from services.alerts.tables import CHAIN
from services.alerts.verify import recount_if_sums_changed
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

_logger = structlog.get_logger(__name__)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logs.set_up("alerts")
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    engine, view = service_engine(settings, "alerts"), view_engine(settings, "alerts")
    log = open_log(settings, "alerts")
    log.ensure(ROAD)
    apart = BoundedProcess()
    catalogue = load(settings.kpis_dir, apart.run)
    apart.close()
    for remark in catalogue.remarks:
        _logger.warning("alerts.kpis", remark=remark)
    recount_if_sums_changed(engine, log, catalogue=catalogue)
    step = CountingStep(catalogue)
    declaration = Declaration(settings.notifications_file)
    lifecycle = Lifecycle(
        log,
        catalogue=catalogue,
        zone=settings.zone,
        declared=declaration.current,
        refusal=declaration.refusal,
        address=settings.alerts_url,
        scoring=settings.scoring_url,
    )
    evaluator = Evaluator(
        engine,
        log,
        catalogue=catalogue,
        zone=settings.zone,
        reconcile=lifecycle.reconcile,
        incidents=store.incidents,
    )
    sender = Sender(
        engine,
        declaration,
        now=utc_now,
        charts=Charts(engine, evaluator),
        loopback=settings.notifications_loopback,
    )
    crew = Crew(
        [
            Worker(
                WORKER,
                log,
                engine=engine,
                topics=TOPICS,
                step=step,
                member=settings.member_name,
                batch=BATCH,
            ),
            Worker(
                published.WORKER,
                log,
                engine=engine,
                topics=published.TOPICS,
                step=published.step,
                member=settings.member_name,
            ),
            evaluator,
            sender,
            Anchoring(engine, CHAIN, settings=settings),
            published.Reminders(engine, lifecycle, clock=utc_now),
            *_alertmanager(settings, engine, lifecycle=lifecycle),
            *relays(log),
        ]
    )

    def ready() -> list[str]:
        return crew.reasons() + evaluator.reasons()

    def remarks() -> list[str]:
        return [*declaration.remarks(), *(f"{settings.kpis_dir}: {remark}" for remark in catalogue.remarks)]

    access = AccessDatabase.of(settings, "alerts")
    serve(
        create_app(
            settings,
            engine,
            view=view,
            access=access,
            evaluator=evaluator,
            lifecycle=lifecycle,
            sender=sender,
            ready=ready,
            remarks=remarks,
        ),
        settings.host,
        port=settings.alerts_port,
        crew=crew,
    )
    log.close()
    access.close()
    view.dispose()
    engine.dispose()


def _alertmanager(settings: Settings, engine: Engine, *, lifecycle: Lifecycle) -> list[Alertmanager]:
    """Who keeps Alertmanager in line, where there is one."""
    if settings.alertmanager_url is None:
        return []
    # Installations may share an Alertmanager: each knows its own silences by its address.
    author = f"Earnest at {settings.alerts_url}"
    client = AlertmanagerClient(settings.alertmanager_url)
    return [Alertmanager(engine, lifecycle, client=client, author=author, clock=utc_now)]


if __name__ == "__main__":
    main()
