"""Reconciling a batch: what payroll says it paid against what was released, line by line, to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from shared.pay.identities import as_read

DiscrepancyKind = Literal["underpaid", "overpaid", "missing", "unexpected"]

PaymentKey = tuple[str, str, str]
"""What payments are compared by: person, the target's code or nothing, currency."""


class ReleasedLine(Protocol):
    """A line as it was released: `person` and `target_code` are payroll's own words, the amount is in minor units."""

    @property
    def line(self) -> str:
        """What it is called."""
        ...

    @property
    def person(self) -> str:
        """By payroll's id."""
        ...

    @property
    def target_code(self) -> str:
        """Payroll's pay code; empty where there is none."""
        ...

    @property
    def currency(self) -> str:
        """Its code."""
        ...

    @property
    def amount(self) -> int:
        """In minor units."""
        ...


class FiledLine(NamedTuple):
    """A line of a released file, called after its row."""

    line: str
    person: str
    target_code: str
    currency: str
    amount: int


class PaidRow(NamedTuple):
    """One payment in payroll's export, in minor units. Without `code`, all that a person gets is compared at once."""

    person: str
    currency: str
    amount: int
    code: str | None = None


class Discrepancy(NamedTuple):
    """Where the two differ: released and paid in minor units, and the lines that it is about."""

    kind: DiscrepancyKind
    person: str
    code: str | None
    currency: str
    released: int
    paid: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReconciliation:
    """What agrees and what does not: `matched` counts lines, the sums are in minor units by currency."""

    findings: tuple[Discrepancy, ...]
    matched: int
    released: dict[str, int]
    paid: dict[str, int]


def reconcile(
    lines: Sequence[ReleasedLine], paid: Sequence[PaidRow], *, returned: Iterable[str] = ()
) -> BatchReconciliation:
    """Compare the lines of a batch, without those that payroll returned, with what was paid.

    Several lines of a person under one code are one payment in most payrolls, so they are compared as their sum; where
    payroll's export has no codes, so is everything of a person in one currency. An id that came back without its zeros,
    or in other letters, is that of the one person of the batch whose id reads the same.
    """
    not_paid = set(returned)
    # One row without a code and none can be told apart by it: then every row counts for its person and currency.
    coded = bool(paid) and all(row.code is not None for row in paid)
    released: dict[PaymentKey, list[ReleasedLine]] = defaultdict(list)
    for line in lines:
        if line.line not in not_paid:
            released[line.person, line.target_code if coded else "", line.currency].append(line)
    received = _received(paid, lines, coded=coded)
    findings, matched = [], 0
    for key in sorted(released.keys() | received.keys()):
        due, got = sum(line.amount for line in released.get(key, ())), received.get(key, 0)
        kind = _kind(key in released, key in received, due=due, got=got)
        if kind is None:
            matched += len(released[key])
            continue
        person, code, currency = key
        names = tuple(sorted(line.line for line in released.get(key, ())))
        findings.append(
            Discrepancy(
                kind=kind,
                person=person,
                code=code if coded else None,
                currency=currency,
                released=due,
                paid=got,
                lines=names,
            )
        )
    return BatchReconciliation(
        findings=tuple(findings),
        matched=matched,
        released=_totals((currency, line.amount) for (_, _, currency), group in released.items() for line in group),
        paid=_totals((currency, got) for (_, _, currency), got in received.items()),
    )


def _received(paid: Iterable[PaidRow], lines: Iterable[ReleasedLine], *, coded: bool) -> dict[PaymentKey, int]:
    """What was paid to each person of the batch, by the id that the batch has for them."""
    persons: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        persons[as_read(line.person, "loosely")].add(line.person)
    received: dict[PaymentKey, int] = defaultdict(int)
    for row in paid:
        alike = persons[as_read(row.person, "loosely")]
        # Ids of one payroll that read the same were refused at release, unless its profile says `exactly`: then only
        # the very same counts.
        person = row.person if row.person in alike or len(alike) != 1 else next(iter(alike))
        received[person, (row.code or "") if coded else "", row.currency] += row.amount
    return received


def _totals(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for currency, amount in amounts:
        sums[currency] += amount
    return dict(sums)


def _kind(released: bool, paid: bool, *, due: int, got: int) -> DiscrepancyKind | None:
    if not released:
        return "unexpected"
    if not paid:
        return "missing"
    if due == got:
        return None
    return "underpaid" if got < due else "overpaid"
