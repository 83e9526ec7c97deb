"""Whom a run pays: what the roster and the policies say of everybody in it at the end of the pay period, kept with the run, so that what is
approved is what is paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from shared.pay.people import Person
from shared.pay.run import Run


class Payee(NamedTuple):
    """Where a participant's pay goes: who they are to payroll, which entity and cost centre bear it (empty where nobody said), and the
    version of the payroll profile that writes it (`adp-us/3`).
    """

    participant_id: str
    payroll_id: str | None
    first_name: str | None
    last_name: str | None
    name: str | None
    entity: str
    cost_center: str
    pay_group: str
    payroll_profile: str


ATTRIBUTES = frozenset({"payroll_id", "first_name", "last_name", "name", "entity", "cost_center", "pay_group"})
"""What of the roster decides where pay goes."""


def payees_of(run: Run, people: Mapping[str, Person], *, who: Iterable[str], profile: str) -> list[Payee]:
    """The payees among `people`, by id; whoever is not among them is left out."""
    found = []
    for participant_id in sorted({*who} & people.keys()):
        home = people[participant_id].at(run.ends)
        told = {name: getattr(home, name) for name in ATTRIBUTES}
        found.append(Payee(participant_id=participant_id, payroll_profile=profile, **told))
    return found
