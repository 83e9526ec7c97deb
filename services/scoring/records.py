"""What the steps publish, CloudEvents that are named after the batch that causes them; and what they count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from shared.contracts.account_payments import REALLOCATE_TYPE, Reallocation
from shared.contracts.message import cloud_event
from shared.contracts.topics import REALLOCATIONS, Topic
from shared.log.port import Record, Stored
from shared.metrics import SCORING_SKIPPED


def cause_of(batch: Sequence[Stored]) -> str:
    """The first record of a batch, which causes what the batch publishes."""
    return "/".join(map(str, (*batch[0].partition, batch[0].position)))


def events(cause: str, kind: str) -> Callable[..., Record]:
    """Makes CloudEvents of a kind from key, JSON and a name, identified by what causes them."""

    # The same batch done again gives the same ids, so that readers see it is no other event.
    def event(key: str, message: str, *, name: str = "") -> Record:
        headers = cloud_event(event_id=f"{cause}/{key}/{name}", source="/earnest/scoring", kind=kind)
        return Record(key, message.encode(), headers)

    return event


def reallocations(accounts: Iterable[str], *, cause: str) -> list[tuple[Topic, Record]]:
    """The records that ask for the payments of accounts to be allocated again; one each, so that an account has a lane
    of its own.
    """
    event = events(cause, REALLOCATE_TYPE)
    return [
        (REALLOCATIONS, event(account, Reallocation(account=account).model_dump_json())) for account in sorted(accounts)
    ]


def count_skipped(reasons: pl.Series) -> None:
    """Count, by reason, what credits nobody or pays nothing; null is no reason."""
    for reason, number in reasons.drop_nulls().value_counts().iter_rows():
        SCORING_SKIPPED.labels(reason).inc(number)
