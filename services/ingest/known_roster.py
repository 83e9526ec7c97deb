"""The roster as the log has it, for what an answer to a change of it should warn of."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from pydantic import ValidationError

from shared.contracts.roster import RosterFact
from shared.contracts.topics import ROSTER
from shared.facts import Facts
from shared.kernel import PlanSet, Roster
from shared.kernel.remarks.remark import Remark
from shared.kernel.remarks.roster import roster_remarks
from shared.log.port import Log, Partition, Record

TOGETHER: Final = 10_000
"""Records read at once."""


class KnownRoster:
    """Facts of all participants, read on from one request to the next; HR changes little, so that this is little,
    too.
    """

    def __init__(self, log: Log) -> None:
        self._log, self._lock = log, threading.Lock()
        self._facts: dict[str, Facts] = {}
        self._next: dict[Partition, int] = {}

    def remarks(self, records: Sequence[Record], plans: PlanSet) -> dict[str, list[str]]:
        """What is remarkable about whom the records name, and was not before them: by participant, in the words of
        `earnest calc`.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        facts = [RosterFact.model_validate_json(record.value or b"{}") for record in records]
        named = {fact.participant_id for fact in facts}
        with self._lock:
            self._read_on()
            # Copies of those that are named; nobody else is touched, and what is known stays what the log says.
            patched = {who: dict(self._facts.get(who, {})) for who in named}
            for fact in facts:
                fact.merge_into(patched.setdefault(fact.participant_id, {}))
            concerned = self._with_managers(patched) | self._with_the_same_alias(patched)
            after = {who: patched.get(who, self._facts.get(who, {})) for who in concerned}
            before = {who: dict(self._facts.get(who, {})) for who in after}
        # Only of what is new: whoever changes a pay group need not read for the tenth time that there is no quota.
        known = {_subject(remark) for remark in roster_remarks(Roster.from_facts(before.items()), plans)}
        warnings: dict[str, list[str]] = {}
        for remark in roster_remarks(Roster.from_facts(after.items()), plans):
            if remark.participant_id in named and _subject(remark) not in known:
                warnings.setdefault(remark.participant_id, []).append(remark.message)
        return warnings

    def _read_on(self) -> None:
        for partition, end in self._log.ends(ROSTER).items():
            start = max(self._next.get(partition, 0), self._log.first(partition))
            while start < end and (stored := self._log.read(partition, start, limit=min(TOGETHER, end - start))):
                for item in stored:
                    # What cannot be read is of whoever else writes to the topic; scoring keeps it as a dead letter.
                    with suppress(ValidationError):
                        fact = RosterFact.model_validate_json(item.record.value or b"{}")
                        fact.merge_into(self._facts.setdefault(fact.participant_id, {}))
                start = stored[-1].position + 1
            self._next[partition] = start

    def _with_managers(self, patched: dict[str, Facts]) -> set[str]:
        """Those who are patched, and everybody who is above them on any day."""
        everyone: set[str] = set()
        due = list(patched)
        while due:
            who = due.pop()
            if who not in everyone:  # people may have managed each other at different times
                everyone.add(who)
                due += _managers(patched.get(who, self._facts.get(who, {})))
        return everyone

    def _with_the_same_alias(self, patched: dict[str, Facts]) -> set[str]:
        """Those who share an alias with somebody who is patched, or have it as their id."""
        names = {alias for facts in patched.values() for alias in _aliases(facts)}
        if not names:
            return set()
        return {who for who, facts in self._facts.items() if not names.isdisjoint([who.lower(), *_aliases(facts)])}


def _aliases(facts: Facts) -> Iterator[str]:
    """In small letters: whose they really are, the kernel says of those that are found by them."""
    return (value.lower() for path, (value, *_) in facts.items() if "/alias." in path and value)


def _subject(remark: Remark) -> tuple[str, str, str]:
    """What a remark says of whom, whenever it holds: dates move when the roster changes, and the remark is the same."""
    return remark.kind, remark.participant_id, remark.says


def _managers(facts: Facts) -> Iterable[str]:
    return [value for path, (value, *_) in facts.items() if path.endswith("/manager") and value]
