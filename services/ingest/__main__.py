"""Wires ingest: settings, log, idempotency keys, sources, and the app over them."""

from __future__ import annotations

from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from services.ingest.app import create_app
from services.ingest.appender import Appender
from services.ingest.delivery_reader import READ_SECONDS, READ_WALL_SECONDS, DeliveryReader
from services.ingest.intake import Intake
from services.ingest.known_roster import KnownRoster
from services.ingest.published_plans import CHECK_SECONDS, CHECK_WALL_SECONDS, PublishedPlans
from services.ingest.sources import Sources
from services.ingest.store import Answers
from services.ingest.store_sources import SourceReports
from services.ingest.worker import LIMITS, TOPICS, WORKER, SourceReloads, step
from shared import logs
from shared.access.database import AccessDatabase
from shared.bounded import BoundedProcess
from shared.contracts.topics import ROAD, with_dead_letters
from shared.database import service_engine
from shared.log import checkpoints
from shared.log.open import open_log, relays
from shared.log.worker import Worker
from shared.proof.anchoring import Anchoring
from shared.service import Crew, serve
from shared.settings import Settings


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = Settings()  # type: ignore[call-arg]
    logs.set_up("ingest")
    engine = service_engine(settings, "ingest")
    log = open_log(settings, "ingest")
    log.ensure(ROAD)
    # Plans are checked in one process for all requests: two at once would share its limits of time and memory.
    answers, appender, bounded = Answers(engine), Appender(log), BoundedProcess(CHECK_SECONDS, CHECK_WALL_SECONDS)
    published = PublishedPlans(log, lock=answers.lock_publishing, bounded=bounded)
    # Deliveries are read in another: a webhook does not wait while a plan is checked.
    reading = BoundedProcess(READ_SECONDS, READ_WALL_SECONDS)
    sources = Sources(settings.sources_dir, reading.run)
    deliveries = DeliveryReader(sources, settings.zone, columns=published.columns, calculating=reading.run)
    kept = partial(step, deliveries)
    log_chain = checkpoints.engine(settings, "ingest")
    check = partial(checkpoints.make, log_chain, log, with_dead_letters(ROAD))
    crew = Crew(
        [
            appender,
            Anchoring(log_chain, checkpoints.CHAIN, settings=settings, before=check),
            published,
            SourceReloads(sources, SourceReports(engine, settings.member_name)),
            Worker(WORKER, log, engine=engine, topics=TOPICS, step=kept, member=settings.member_name, limits=LIMITS),
            *relays(log),
        ]
    )

    def ready() -> list[str]:
        # Without its database ingest cannot tell a repeated request from a new one, though on Kafka it could still
        # append.
        try:
            answers.reachable()
        except SQLAlchemyError:
            return ["the database does not answer", *crew.reasons()]
        return crew.reasons()

    roster = KnownRoster(log)
    intake = Intake(
        settings, appender=appender, answers=answers, published=published, roster=roster, deliveries=deliveries
    )
    access = AccessDatabase.of(settings, "ingest")
    app = create_app(settings, intake, sources=sources, ready=ready, access=access)
    serve(app, settings.host, port=settings.ingest_port, crew=crew)
    bounded.close()
    reading.close()
    access.close()
    log_chain.dispose()


if __name__ == "__main__":
    main()
