"""A file of what happened besides earning: who came and left, what was adjusted, held and released, runs in between,
balances at the start; and which of its rows no run heeds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from earnest.files.cells import BadCell, Row, identifier, refusing
from earnest.files.cost_cells import amount, currency_of, day, needed, optional, text, yes_no
from earnest.files.pay_inputs import facts_of, period
from earnest.files.rejections import BAD_VALUE, FileError, Rejection
from earnest.files.rows import ROW
from shared.formatting import money
from shared.kernel.language.findings import did_you_mean
from shared.pay.facts import Entry, OffCycle
from shared.pay.projection import ProjectedRun
from shared.pay.snapshot import PayKey
from shared.pay.terms.words.release import Hold
from shared.periods import period_of


@dataclass(kw_only=True)
class PayEvents:
    """What a file of events says; `active` has for whom the days on which they came (True), and after which they were
    gone.

    `returned` has the entries that payroll gave back with their rows in the file, `released` the day, scope and subject
    of releases for which there is no hold, `again` off-cycle runs that are said more than once.
    """

    entries: list[Entry] = field(default_factory=list)
    returned: list[tuple[int, Entry]] = field(default_factory=list)
    active: dict[str, dict[date, bool]] = field(default_factory=dict)
    holds: list[tuple[date, Hold]] = field(default_factory=list)
    released: list[tuple[date, str, str]] = field(default_factory=list)
    excused: list[tuple[date, str, str]] = field(default_factory=list)
    off_cycle: list[OffCycle] = field(default_factory=list)
    again: list[OffCycle] = field(default_factory=list)
    balances: dict[str, dict[PayKey, int]] = field(default_factory=dict)


def read_events(path: Path | None, refused: list[Rejection], *, earned: Iterable[Entry]) -> PayEvents:
    """What the rows of a file of events say, in the order of their days.

    Args:
        path: the file; None of none.
        refused: gets the rows that cannot be used.
        earned: what was earned, which says in which currency each participant is paid.

    Raises:
        FileError: the file cannot be read, or has a column that says nothing of an event.
    """
    events = PayEvents()
    paid_in: dict[str, set[str]] = {}
    for entry in earned:
        paid_in.setdefault(entry.participant_id, set()).add(entry.currency)
    adjusted: set[tuple[str | None, ...]] = set()

    def checked(row: Row) -> Callable[[PayEvents], None]:
        note = _checked(row)
        if row["event"] in _OF_MONEY:
            _refuse_other_currencies(row, paid_in)
        if row["event"] == "adjustment":
            _refuse_a_second(row, adjusted)
        return note

    rows = (
        [] if path is None else list(facts_of(path, ("event",), fact=checked, refused=refused, columns=_refuse_columns))
    )
    # Every row is checked first, in the order of the file; what is good then takes effect in the order of days, because
    # a release looks for the holds before it. Days of ISO form sort as texts, and rows of a day stay in order.
    known = paid_in.keys() | {row.get("participant_id") for row, _ in rows if row["event"] in _OF_PEOPLE}
    for row, note in sorted(rows, key=lambda pair: pair[0].get("date") or ""):
        with refusing(refused, str(path and path.name), row=int(row[ROW] or 0), name=row.get("participant_id")):
            if row["event"] in _OF_MONEY:
                _refuse_nobody(row, known)
            note(events)
    return events


def not_paid_before(
    events: PayEvents, path: Path, *, refused: list[Rejection], runs: Sequence[ProjectedRun]
) -> list[Entry]:
    """What payroll cannot have given back, since runs had paid less by then and it is not about a month before them.

    Args:
        events: what the file says.
        path: the file.
        refused: gets the rows.
        runs: all of them, in the order of their days.
    """
    found: list[Entry] = []
    back: dict[PayKey, int] = {}
    paid: dict[PayKey, list[tuple[date, int]]] = {}
    for projected in runs if events.returned else ():
        for settlement in projected.settlements:
            key = (settlement.participant_id, settlement.currency)
            paid.setdefault(key, []).append((projected.run.ends, settlement.paid))
    for number, entry in events.returned:
        key = (entry.participant_id, entry.currency)
        left = sum(minor for ends, minor in paid.get(key, ()) if ends < entry.day) - back.get(key, 0)
        if entry.amount <= left or (runs and entry.period < runs[0].run.month):
            back[key] = back.get(key, 0) + entry.amount
            continue
        found.append(entry)
        said, most = (money(each, entry.currency) for each in (entry.amount, left))
        why = (
            f"amount: {said} cannot have been given back: by {entry.day} {most} had been paid to {entry.participant_id}"
        )
        refused.append((path.name, number, entry.participant_id, BAD_VALUE, f"{why}; write what came back of that"))
    return found


def idle_events(
    events: PayEvents, entries: Sequence[Entry], *, deals: Collection[str], runs: Sequence[ProjectedRun]
) -> Iterator[str]:
    """A sentence for every row that no run heeds: a hold of what nobody earned by, a release of nothing, a run that
    pays nobody.

    Args:
        events: what the file says.
        entries: what was earned, adjusted and returned.
        deals: the ids of the file of deals; a hold may be on one of them that has earned nothing yet.
        runs: all of them, in the order of their days.
    """
    last = runs[-1].run.ends if runs else None
    known: dict[str, set[str | None]] = {
        "participant": {entry.participant_id for entry in entries},
        "deal": {entry.deal_id for entry in entries} | set(deals),
        "plan": {entry.plan for entry in entries},
    }
    for on, hold in events.holds:
        subject = f"{hold.scope} {hold.subject}"
        if hold.subject not in known[hold.scope]:
            yield f"the hold of {on} stops nothing: nothing is earned by {subject}"
        if hold.released_on and last and hold.released_on > last:
            yield f"{subject} is released on {hold.released_on}, which no run reaches: the last ends on {last}"
    for on, scope, subject in events.released:
        yield f"the release of {on} releases nothing: there is no hold on {scope} {subject} before it"
    earned = {(entry.participant_id, entry.deal_id) for entry in entries}
    for on, who, deal in events.excused:
        if (who, deal) not in earned:
            yield f"the dismissal of {on} concerns nothing: {who} has earned and lost nothing by deal {deal}"
        elif last and on > last:
            yield f"the dismissal of {on} is one that no run looks at: the last ends on {last}"
    paying = {
        (projected.run.ends, projected.run.participants)
        for projected in runs
        if projected.run.kind == "off_cycle" and any(settlement.paid for settlement in projected.settlements)
    }
    for run in events.again:
        yield f"the off-cycle run of {run.day}{_of(run)} is there more than once, and made once"
    for run in events.off_cycle:
        if (run.day, run.participants) not in paying:
            yield f"the off-cycle run of {run.day} pays nobody{_of(run)}"


def _of(run: OffCycle) -> str:
    return f" ({run.participants[0]})" if run.participants else ""


def _refuse_columns(path: Path, names: list[str]) -> None:
    if unknown := [name for name in names if name not in COLUMNS]:
        said = did_you_mean(unknown[0], COLUMNS, what="columns")
        raise FileError(f"{path}: there is no column {unknown[0]} of events; {said}")


def _checked(row: Row) -> Callable[[PayEvents], None]:
    kind = needed(row.get("event"), "event: it is missing")
    if (event := EVENTS.get(kind)) is None:
        raise BadCell(f"event: {kind!r} is none; write one of {', '.join(EVENTS)}")
    return event(row)


def _refuse_other_currencies(row: Row, paid_in: Mapping[str, Collection[str]]) -> None:
    """Whoever is paid in one currency is not adjusted in another: that would be a payment of its own."""
    who, currency = identifier(row, "participant_id"), currency_of(row)
    if (own := " and ".join(sorted(paid_in.get(who, ())))) and currency not in paid_in[who]:
        raise BadCell(f"currency: {who} is paid in {own}, not in {currency}; write the amount in {own}")


def _refuse_a_second(row: Row, before: set[tuple[str | None, ...]]) -> None:
    """An adjustment that says what one before it says: for the same reason or, where none is given, of the same day."""
    why = " ".join((row.get("reason") or "").casefold().split()) or row.get("date")
    number = amount(row, "amount", currency=currency_of(row))
    about = row.get("period") or period_of(_day(row))
    said = (row["participant_id"], row["currency"], str(number), about, why)
    if said in before:
        raise BadCell("event: the same adjustment is in a row before it; where both are meant, give each its `reason`")
    before.add(said)


def _refuse_nobody(row: Row, known: Collection[str | None]) -> None:
    """Of whom nothing else is said is nobody, most likely a slip of the pen: pay would go to them."""
    who = identifier(row, "participant_id")
    if who not in known:
        said = did_you_mean(who, sorted(filter(None, known)), what="participants")
        raise BadCell(
            f"participant_id: nothing is earned by {who}; {said}; of whoever earns nothing say when they joined"
        )


def _day(row: Row) -> date:
    return needed(day(row, "date"), "date: it is missing")


def _joined(row: Row) -> Callable[[PayEvents], None]:
    who, on = identifier(row, "participant_id"), _day(row)
    return lambda events: events.active.setdefault(who, {}).update({on: True})


def _left(row: Row) -> Callable[[PayEvents], None]:
    who, on = identifier(row, "participant_id"), _day(row)
    # The last day still counts: gone is who left from the day after.
    return lambda events: events.active.setdefault(who, {}).update({on + timedelta(days=1): False})


def _decided(row: Row) -> Callable[[PayEvents], None]:
    who, on, currency = identifier(row, "participant_id"), _day(row), currency_of(row)
    # The month that an adjustment is about may be long closed; it is paid by the day on which it is decided.
    about = period(row, "period") if row.get("period") else period_of(on)
    value = needed(amount(row, "amount", currency=currency), "amount: it is missing")
    if not value:
        raise BadCell(f"amount: {row['amount']} is nothing, and so is no event {row['event']}")
    if row["event"] == "returned" and value <= 0:
        raise BadCell(f"amount: {row['amount']} is not more than nothing; write what payroll gave back")
    entry = Entry(
        kind="adjustment" if row["event"] == "adjustment" else "return",
        participant_id=who,
        currency=currency,
        period=about,
        amount=value,
        day=on,
        known_from=on,
    )

    def note(events: PayEvents) -> None:
        events.entries.append(entry)
        if entry.kind == "return":
            events.returned.append((int(row[ROW] or 0), entry))

    return note


def _subject(row: Row) -> tuple[str, str]:
    named = [(scope, name) for scope, name in _SCOPES.items() if row.get(name)]
    if len(named) != 1:
        raise BadCell("participant_id: a hold is on one of participant_id, deal_id and plan")
    scope, name = named[0]
    return scope, text(row, name) if scope == "plan" else identifier(row, name)


def _hold(row: Row) -> Callable[[PayEvents], None]:
    (scope, subject), on = _subject(row), _day(row)
    until, collected = day(row, "until"), yes_no(row, "until_collected") or False
    since = period(row, "period") if row.get("period") else period_of(on)
    reason = optional(row, "reason") or "held"

    def note(events: PayEvents) -> None:
        name = f"hold-{len(events.holds) + 1}"
        hold = Hold(
            id=name,
            scope=scope,  # type: ignore[arg-type]  # one of _SCOPES
            subject=subject,
            since=since,
            reason=reason,
            until=until,
            until_collected=collected,
        )
        events.holds.append((on, hold))

    return note


def _release(row: Row) -> Callable[[PayEvents], None]:
    subject, on = _subject(row), _day(row)

    def note(events: PayEvents) -> None:
        theirs = [(hold.scope, hold.subject) == subject and not hold.released_on for _, hold in events.holds]
        if not any(theirs):
            events.released.append((on, *subject))
        events.holds = [
            (day, replace(hold, released_on=on) if mine else hold)
            for (day, hold), mine in zip(events.holds, theirs, strict=True)
        ]

    return note


def _dismissal(row: Row) -> Callable[[PayEvents], None]:
    one = (_day(row), identifier(row, "participant_id"), identifier(row, "deal_id"))
    return lambda events: events.excused.append(one)


def _off_cycle(row: Row) -> Callable[[PayEvents], None]:
    run = OffCycle(_day(row), (identifier(row, "participant_id"),) if row.get("participant_id") else None)
    return lambda events: (events.again if run in events.off_cycle else events.off_cycle).append(run)


def _balance(row: Row) -> Callable[[PayEvents], None]:
    owed, kind = (identifier(row, "participant_id"), currency_of(row)), row.get("event") or ""
    value = needed(amount(row, "amount", currency=owed[1]), "amount: it is missing")
    # What is carried forward may be a debt; draws and receivables are debts by their name.
    if value < 0 and kind != "opening_carried":
        raise BadCell(f"amount: {row['amount']} is negative; write what is owed as a positive number")
    return lambda events: events.balances.setdefault(kind, {}).update({owed: value})


COLUMNS: Final = (
    "event", "participant_id", "date", "amount", "currency", "period", "deal_id", "plan", "until", "until_collected",
    "reason",
)  # fmt: skip
_OF_MONEY: Final = frozenset({"adjustment", "returned"})
_OF_PEOPLE: Final = frozenset({"joined", "left", "opening_draw", "opening_owed", "opening_carried"})
_SCOPES: Final = {"participant": "participant_id", "deal": "deal_id", "plan": "plan"}
EVENTS: Final[Mapping[str, Callable[[Row], Callable[[PayEvents], None]]]] = {
    "joined": _joined,
    "left": _left,
    "adjustment": _decided,
    "returned": _decided,
    "hold": _hold,
    "release": _release,
    "dismissal": _dismissal,
    "off_cycle": _off_cycle,
    "opening_draw": _balance,
    "opening_owed": _balance,
    "opening_carried": _balance,
}
"""What a row of events may be. `date` of `left` is the last day, of `joined` the first."""
