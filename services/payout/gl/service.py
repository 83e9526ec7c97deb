"""Posts a month to the books of an entity: under which policy, and what of it no batch has yet."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from services.payout.gl import store
from services.payout.gl.batch import GlBatch, write
from services.payout.gl.entry import JournalEntry, NotBookable
from services.payout.gl.errors import CannotPost, NoAccounts, NoSuchEntity, NothingToPost
from services.payout.gl.journals import difference, entries
from services.payout.gl.policy import DEFAULT, GlAccounts
from services.payout.gl.reconciliation import LedgerReconciliation, reconcile
from services.payout.policies import store as policies
from shared.pay.policy import Version, in_force
from shared.periods import Month, last_day


class Pending(NamedTuple):
    """What of a month no batch of an entity has, without ids, and the policy of its books at the month's end."""

    entries: list[JournalEntry]
    accounts: Version[GlAccounts]


def post(
    connection: Connection, period: Month, *, entity: str, format_name: str | None, actor: str, now: datetime
) -> GlBatch:
    """Make a batch of what was booked in a month and no earlier batch has, in the policy's format unless one is named.

    Raises:
        NothingToPost: earlier batches have all of it.
        CannotPost, NoAccounts, NoSuchEntity: see `pending`.
    """
    # Before anything is read: what is pending is what no batch has, and that of a moment ago may just be posted.
    store.lock_batches(connection)
    entries_to_post, accounts = pending(connection, period, entity=entity)
    if not entries_to_post:
        raise NothingToPost(period, entity)
    batch = write(
        entries_to_post,
        accounts,
        number=store.batches_made(connection, period) + 1,
        format_name=format_name,
        actor=actor,
        now=now,
        previous=store.last(connection),
    )
    store.add(connection, batch)
    return batch


def pending(connection: Connection, period: Month, *, entity: str) -> Pending:
    """What a batch made now would hold.

    Raises:
        CannotPost: what was booked cannot become entries of these books.
        NoAccounts: no policy says how they look.
        NoSuchEntity: there is no such entity.
    """
    published = policies.by_id(connection, GlAccounts)

    def accounts_of(name: str) -> Version[GlAccounts]:
        # As of the month's end, not today: posting a month again next year follows the books as they were.
        for policy_id in (name, DEFAULT):
            if (version := in_force(published.get(policy_id, ()), last_day(period))) is not None:
                return version
        if name == entity:
            _check_entity(connection, entity)
        raise NoAccounts(name, period)

    accounts = accounts_of(entity)
    # Sums over persons unless the books show them: fewer rows, and no names leave the ledger that nobody asked for.
    persons = any(dimension.source == "participant" for dimension in accounts.policy.dimensions)
    postings = store.postings(connection, period, persons=persons)
    costs = store.contract_costs(connection, period)
    try:
        booked = entries(postings, lambda name: accounts_of(name).policy, costs=costs, entity=entity)
        unposted = difference(booked, _posted(connection, period, entity=entity))
    except NotBookable as error:
        raise CannotPost(str(error)) from None
    # Nothing is pending of an entity that does not exist either, and a slip in its name must not look like a month well
    # posted.
    if not unposted:
        _check_entity(connection, entity)
    return Pending(unposted, accounts)


def reconciliation(connection: Connection, period: Month, *, entity: str, tolerance: int) -> LedgerReconciliation:
    """What was posted of a month against what the ledger of pay has in it; `tolerance` in minor units, per account.

    Raises:
        NoSuchEntity: there is no such entity.
    """
    postings = [posting for posting in store.postings(connection, period) if posting.entity == entity]
    posted = _posted(connection, period, entity=entity)
    if not postings and not posted:
        _check_entity(connection, entity)
    return reconcile(postings, posted, tolerance=tolerance)


def _posted(connection: Connection, period: Month, *, entity: str) -> list[JournalEntry]:
    batches = store.batches(connection, period=period, entity=entity)
    return [entry for batch in batches for entry in batch.entries]


def _check_entity(connection: Connection, entity: str) -> None:
    """What finds nothing may have asked for something that is not there.

    Raises:
        NoSuchEntity: nobody was ever put in it, nothing booked for it, and it has no books, though there are others.
    """
    known = {*store.entities(connection), *policies.legal_entities(connection)}
    if (entity or known) and entity not in known and entity not in policies.by_id(connection, GlAccounts):
        raise NoSuchEntity(entity, sorted(known))
