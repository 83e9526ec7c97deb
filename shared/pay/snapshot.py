"""Where everybody in a run stands before it: what a run is calculated from, besides the lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.pay.balances import Fresh, Left, Owed
from shared.pay.calendars.policy import PayGroup
from shared.pay.people import Attributes, Person
from shared.pay.run import Run
from shared.pay.settlement import Held, Whose
from shared.pay.terms.policy import PaymentTerms, terms_for
from shared.pay.terms.release import Hold


@dataclass(frozen=True, slots=True)
class World:
    """What a run is calculated from, besides the lines: everybody in it by id, and where they stand; `astray` are people in pay groups
    that no policy describes, whom no run pays; `left_out` those who wait, for which plan version, and are paid by a later run; `gone` those
    who left the pay group within the pay period; `for_nobody` the payment terms that are nobody's in any pay group; `known` everybody whom the roster
    knows, in whatever pay group.
    """

    run: Run
    groups: Sequence[PayGroup]
    astray: Mapping[str, str]
    closed: str | None
    people: Mapping[str, Person]
    payable: Mapping[Owed, int]
    fresh: Mapping[Owed, Sequence[Fresh]]
    left: Mapping[Owed, Left]
    paid_before: Mapping[Owed, int]
    draw: Mapping[Owed, int]
    receivable: Mapping[Owed, int]
    held: Mapping[Owed, Mapping[Whose, Held]]
    entries: Mapping[str, int]
    holds: Sequence[Hold]
    excused: frozenset[tuple[str, str]]
    terms: Callable[[date], list[PaymentTerms]]
    paid_less: Sequence[str] = ()
    gone: Mapping[str, Person] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    for_nobody: Sequence[PaymentTerms] = ()
    known: frozenset[str] = frozenset()

    def at(self, participant_id: str) -> Attributes:
        """What the roster says of somebody at the end of the pay period."""
        return self.people[participant_id].at(self.run.ends)

    def owed(self) -> list[Owed]:
        """Every participant and currency with anything to settle."""
        tables: list[Mapping[Owed, Any]] = [self.payable, self.fresh, self.draw, self.receivable, self.held]
        return sorted(set().union(*tables) | self._with_floors())

    def _with_floors(self) -> set[Owed]:
        """Whoever is paid by their terms although nothing was earned."""
        found = set()
        documents = self.terms(self.run.ends)
        currencies = {each.currency for each in documents if each.guarantee or each.draw or each.minimum}
        for participant_id in self.people if currencies else ():
            home = self.at(participant_id)
            if self.people[participant_id].days_there(self.run.starts, self.run.ends):
                for currency in currencies:
                    mine = terms_for(documents, participant_id, home.plan, home.pay_group, currency)
                    if mine.guarantee or mine.draw or (mine.minimum and mine.minimum.below == "top_up"):
                        found.add((participant_id, currency))
        return found
