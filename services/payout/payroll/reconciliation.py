"""Reconciling a batch: what payroll says it paid against what was released, line by line, to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from services.payout.exports.identities import as_read
from services.payout.payroll.acknowledgement import BatchLine

Kind = Literal["underpaid", "overpaid", "missing", "unexpected"]


class PaidRow(NamedTuple):
    """One payment in payroll's export, in minor units. Without `code`, all that a person gets is compared at once."""

    person: str
    currency: str
    amount: int
    code: str | None = None


class Finding(NamedTuple):
    """Where the two differ: released and paid in minor units, and the lines that it is about."""

    kind: Kind
    person: str
    code: str | None
    currency: str
    released: int
    paid: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What agrees and what does not."""

    findings: tuple[Finding, ...]
    matched: int
    released: dict[str, int]
    paid: dict[str, int]


def reconcile(lines: Sequence[BatchLine], paid: Sequence[PaidRow], returned: Iterable[str] = ()) -> Result:
    """Compare the lines of a batch, without those that payroll returned, with what was paid.

    Several lines of a person under one code are one payment in most payrolls, so they are compared as their sum; where payroll's
    export has no codes, so is everything of a person in one currency. An id that came back without its zeros, or in other letters, is that
    of the one person of the batch whose id reads the same.
    """
    without = set(returned)
    persons: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        persons[as_read(line.person, "loosely")].add(line.person)
    coded = bool(paid) and all(row.code is not None for row in paid)
    released: dict[tuple[str, str, str], list[BatchLine]] = defaultdict(list)
    received: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for line in lines:
        if line.line not in without:
            released[line.person, line.target_code if coded else "", line.currency].append(line)
    for row in paid:
        alike = persons[as_read(row.person, "loosely")]
        person = row.person if row.person in alike or len(alike) != 1 else next(iter(alike))
        received[person, (row.code or "") if coded else "", row.currency].append(row.amount)
    findings, matched = [], 0
    for key in sorted(released.keys() | received.keys()):
        due, got = sum(line.amount for line in released.get(key, ())), sum(received.get(key, ()))
        kind = _kind(key in released, key in received, due, got)
        if kind is None:
            matched += len(released[key])
            continue
        person, code, currency = key
        names = tuple(sorted(line.line for line in released.get(key, ())))
        findings.append(Finding(kind, person, code if coded else None, currency, due, got, names))
    sums: dict[str, dict[str, int]] = {"released": {}, "paid": {}}
    for (_, _, currency), group in released.items():
        sums["released"][currency] = sums["released"].get(currency, 0) + sum(line.amount for line in group)
    for (_, _, currency), amounts in received.items():
        sums["paid"][currency] = sums["paid"].get(currency, 0) + sum(amounts)
    return Result(tuple(findings), matched, sums["released"], sums["paid"])


def _kind(released: bool, paid: bool, due: int, got: int) -> Kind | None:
    """What is wrong, if anything."""
    if not released:
        return "unexpected"
    if not paid:
        return "missing"
    if due == got:
        return None
    return "underpaid" if got < due else "overpaid"
