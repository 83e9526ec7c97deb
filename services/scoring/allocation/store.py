"""Payments by account as rows, and the deals that they are allocated to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from services.scoring.allocation.account_payments import StoredPayment
from services.scoring.facts_codec import pack, unpack
from services.scoring.store import SPLIT, execute, fetch, joined


def hold_off_crediting(connection: Connection) -> None:
    """Wait until nobody who credits looks for accounts with payments, and keep them waiting until the transaction ends:
    a new payment and a new deal of an account then never miss each other (`credit.store.accounts_with_payments`).
    """
    execute(connection, "lock table account_payment in exclusive mode")


def payments(connection: Connection, payment_ids: Iterable[str]) -> dict[str, StoredPayment]:
    """Those of the payments that exist, by id."""
    query = f"select payment_id, account, facts from account_payment where payment_id = any({SPLIT})"
    return _by_id(fetch(connection, query, joined(payment_ids)))


def payments_of(connection: Connection, accounts: Iterable[str]) -> dict[str, StoredPayment]:
    """The payments of accounts, by id."""
    query = f"select payment_id, account, facts from account_payment where account = any({SPLIT})"
    return _by_id(fetch(connection, query, joined(accounts)))


def save_payments(connection: Connection, changed: Iterable[StoredPayment]) -> None:
    """Write payments, whether new or not."""
    rows = sorted(changed, key=lambda row: row.payment_id)
    execute(
        connection,
        _SAVE,
        joined(row.payment_id for row in rows),
        joined(row.account for row in rows),
        joined(pack(row.facts) for row in rows),
    )


def lock_deals_of(connection: Connection, accounts: Iterable[str]) -> list[tuple[str, str, str | None]]:
    """deal_id, facts and what is allocated of the deals of accounts, locked until the transaction ends."""
    return [(deal_id, facts, given) for deal_id, facts, given in fetch(connection, _LOCK_DEALS, joined(accounts))]


def save_allocated(connection: Connection, allocated: Mapping[str, str | None]) -> None:
    """Write what is allocated to deals, packed; None where that is nothing."""
    if allocated:
        execute(connection, _SAVE_ALLOCATED, joined(allocated), joined(allocated.values()))


def save_unallocated(connection: Connection, accounts: Sequence[str], *, left: Mapping[str, int]) -> None:
    """Write what is left of the payments of accounts, in minor units by payment; of the others nothing is."""
    execute(connection, _SAVE_LEFT, joined(left), joined(map(str, left.values())), joined(accounts))


def page(
    connection: Connection, after: str, *, account: str | None, left: bool, limit: int
) -> list[tuple[StoredPayment, int | None]]:
    """Payments with what is left of them, in the order of their ids, after an id; of one account, or only those of
    which something is left.
    """
    return [
        (StoredPayment(payment_id, of, unpack(facts)), unallocated)
        for payment_id, of, facts, unallocated in fetch(connection, _PAGE, after, account, account, not left, limit)
    ]


def allocated_of(connection: Connection, accounts: Iterable[str]) -> list[tuple[str, str]]:
    """deal_id and what is allocated of those deals of accounts to which something is."""
    query = f"""
        select deal_id, allocated from deal where account = any({SPLIT}) and allocated is not null order by deal_id"""
    return [(deal_id, packed) for deal_id, packed in fetch(connection, query, joined(accounts))]


def _by_id(rows: Iterable[tuple[str, ...]]) -> dict[str, StoredPayment]:
    return {payment_id: StoredPayment(payment_id, account, unpack(facts)) for payment_id, account, facts in rows}


_SAVE = f"""
    insert into account_payment as p (payment_id, account, facts)
    select * from unnest({SPLIT}, {SPLIT}, {SPLIT})
    on conflict (payment_id) do update set account = excluded.account, facts = excluded.facts,
        unallocated = case when p.account = excluded.account then p.unallocated end"""

# By their ids, as everybody locks deals (`credit.store`).
_LOCK_DEALS = f"""
    select deal_id, facts, allocated from deal where account = any({SPLIT}) order by deal_id for update"""

_PAGE = """
    select payment_id, account, facts, unallocated from account_payment
    where payment_id > %s and account is not null and (%s::text is null or account = %s)
      and (%s or unallocated is not null)
    order by payment_id limit %s"""

_SAVE_ALLOCATED = f"""
    update deal set allocated = said.allocated from unnest({SPLIT}, {SPLIT}) said(deal_id, allocated)
    where deal.deal_id = said.deal_id"""

_SAVE_LEFT = f"""
    update account_payment p set unallocated = said.unallocated
    from (
        select payment_id, l.unallocated::bigint from account_payment
        left join unnest({SPLIT}, {SPLIT}) l(payment_id, unallocated) using (payment_id)
        where account = any({SPLIT})
    ) said
    where p.payment_id = said.payment_id and p.unallocated is distinct from said.unallocated"""
