"""Publishes runs on the topic `runs`, in the transaction that changes them."""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from services.payout.payroll import store as payroll
from services.payout.payroll import store_answers
from services.payout.runs import store, store_publication, store_record
from services.payout.runs.publication import run_changed
from shared.contracts.message import cloud_event
from shared.contracts.runs import TYPE
from shared.contracts.topics import RUNS
from shared.log.port import Log, Record
from shared.pay.run import Run


def publish(connection: Connection, log: Log, *, run: Run) -> None:
    """Publish a run, as it is after this transaction, unless that was published before.

    To be called last in the transaction (`Log.publish`), with the run locked or new.
    """
    revision = store_publication.revision(connection, run.id)
    if not store_publication.published_now(connection, run.id, revision=revision):
        return
    batches = payroll.batches(connection, run=run.id, limit=None)
    changed = run_changed(
        run,
        store_record.pays(connection, run.id),
        revision=revision,
        batches=batches,
        acknowledged=store_answers.acknowledgements(connection, [batch.id for batch in batches]),
    )
    headers = cloud_event(event_id=f"{run.id}/{revision}", source="/earnest/payout", kind=TYPE)
    log.publish(connection, [(RUNS, Record(run.id, changed.model_dump_json().encode(), headers))])


def publish_unpublished(engine: Engine, log: Log) -> None:
    """Publish the runs that are not published as they stand: of an installation that was begun before runs were.

    Each in a transaction of its own: a company has runs of years, and whoever moves one of them need not wait.
    """
    with engine.connect() as connection:
        runs = store_publication.unpublished(connection)
    for run_id in runs:
        with engine.begin() as connection:
            publish(connection, log, run=store.lock_run(connection, run_id))
