"""What settings can name, as the database, the keys and scoring know it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Connection

from services.payout.ledger.store_views import not_on_roster
from services.payout.policies import store as policies
from services.payout.policies.store import pay_groups
from services.payout.roster.store import people
from shared.pay.deal_facts import DealSource
from shared.pay.policy import Named

Asked = Collection[str]


def referents(
    connection: Connection, deals: DealSource, *, roles: Callable[[], Collection[str]]
) -> Mapping[Named, Callable[[Asked], Asked]]:
    """By what can be named, which there are. `roles` are those that keys have.

    Legal entities and cost centers are what the roster and pay groups call so; where these name none yet, whatever is
    named is there.
    """

    def published(kind: str) -> Callable[[Asked], Asked]:
        return lambda _: {each.policy.id for each in policies.versions(connection, kind)}

    return {
        "payroll_profile": published("payroll_profile"),
        "delivery": published("delivery"),
        "pay_group": lambda _: pay_groups(connection).keys(),
        "plan": lambda _: deals.plans(),
        "participant": lambda _: people(connection).keys() | {*not_on_roster(connection)},
        "deal": lambda asked: deals.known(sorted(asked)),
        "role": lambda _: roles(),
        "legal entity": lambda asked: legal_entities(connection) or asked,
        "cost center": lambda asked: _of_roster(connection, "cost_center") or asked,
    }


def legal_entities(connection: Connection) -> set[str]:
    """The legal entities that the roster puts people in, and pay groups."""
    groups = (group for versions in pay_groups(connection).values() for group in versions)
    return _of_roster(connection, "entity") | {group.entity for group in groups if group.entity}


def _of_roster(connection: Connection, attribute: str) -> set[str]:
    settings = (each for person in people(connection).values() for each in person.settings())
    return {str(each.value) for each in settings if each.attribute == attribute and each.value}
