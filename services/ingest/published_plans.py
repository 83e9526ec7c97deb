"""Publishing plan versions: read in a bounded process, one publisher at a time, and a published version never changes.

Whatever would keep a version from being used is found here, before it is answered that it was taken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import polars as pl
import structlog

from services.ingest.acceptance import ReadEvents, read_events, receipt_of, rejected
from services.ingest.errors import PlanCannotHold, PlanPublishedAlready, TooMany, UnsoundPlan
from services.ingest.events import PlanEvent
from services.ingest.plan_files import ReadPlanFile, read_plan_file, text_of, versions_view
from shared.bounded import BoundedProcess, Exceeded
from shared.contracts.topics import PLANS
from shared.kernel.language.conventions import CalendarTerms
from shared.kernel.language.filters import ColumnTypes
from shared.kernel.plan.plan_set import Declaration, PlanConflict, PlanSet, check_together, replacements
from shared.kernel.plan.version import Plan
from shared.log.port import Log, LogUnavailable, Record

MOST_PLANS: Final = 100
"""Plan versions in one request: they are calculated with before they are taken, one after another in one process
for all requests.
"""
CHECK_SECONDS: Final = 30
"""Of a processor for the plans of one request: five times what the largest plan takes, of 200 rules, measures and
components.
"""
CHECK_WALL_SECONDS: Final = 180
REFRESHED: Final = 15.0
"""Seconds after which what other processes published is known. It reads the whole topic, which is compacted and
small.
"""

_logger = structlog.get_logger(__name__)


class PublishedPlans:
    """The plan versions in the log. They are read for each publication, and every some seconds: they are few."""

    def __init__(
        self, log: Log, *, lock: Callable[[], AbstractContextManager[object]], bounded: BoundedProcess
    ) -> None:
        """`lock` keeps other publishers out, in every process: what was read must still be so when the log is
        written.
        """
        self._log, self._lock, self._bounded = log, lock, bounded
        self._columns: dict[str, pl.DataType] | None = None
        self._documents: dict[str, dict[str, Any]] = {}
        self._read: dict[str, Plan] = {}

    def columns(self) -> Mapping[str, pl.DataType]:
        """The company's own columns of deals, as the versions that hold at some time declare them; remembered.

        What another process has published may be missing for `REFRESHED` seconds: a deal that comes in meanwhile is
        then checked by crediting alone, which names what it cannot read.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        if self._columns is None:
            self._remember(self._known())
        return self._columns or {}

    def plans(self) -> PlanSet:
        """The versions that are published, as far as they are known; each is read once.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        self.columns()
        for key, document in self._documents.items():
            if key not in self._read:
                self._read[key] = Plan.model_validate(document)
        return PlanSet(list(self._read.values()))

    def run(self, stop: threading.Event) -> None:
        """Keep what is remembered fresh until asked to stop."""
        while not stop.wait(REFRESHED):
            try:
                self._remember(self._known())
            except LogUnavailable as error:
                _logger.warning("ingest.plans_not_read", exc_info=error)

    def _known(self) -> dict[str, dict[str, Any]]:
        return {stored.record.key: _fact(stored.record) for stored in self._log.scan(PLANS)}

    def _remember(self, known: Mapping[str, dict[str, Any]]) -> None:
        self._documents = {key: fact["document"] for key, fact in known.items()}
        versions = [_declaration(fact) for fact in known.values()]
        out = replacements(versions)
        holding = [version.columns.items() for version in versions if version.key not in out]
        self._columns = {
            name: ColumnTypes[kind] for columns in holding for name, kind in columns if kind in ColumnTypes
        }

    def read(self, texts: Sequence[bytes], *, zone: ZoneInfo, received: datetime, by: str) -> ReadEvents:
        """Read the events of a request as `acceptance.read_events` does, each where it can harm nobody.

        Raises:
            TooMany: there are more than `MOST_PLANS`.
            CheckingBusy: too many requests wait to be checked.
        """
        if len(texts) > MOST_PLANS:
            raise TooMany(f"there are {len(texts):,} plans; {MOST_PLANS} at most are read at once", limit=MOST_PLANS)
        records: list[Record] = []
        results: list[dict[str, Any]] = []
        for index, text in enumerate(texts):
            try:
                event = self._bounded.run(read_plan_event, text, zone.key, received=received, by=by)
            except Exceeded as error:
                reason = f"the plan cannot be checked: {error}; write it smaller"
                results.append(rejected(index, text, errors=[{"field": "data.document", "reason": reason}]))
                continue
            records += event.records
            results += [result | {"index": index} for result in event.receipt["results"]]
        return ReadEvents(records, receipt_of(results))

    def read_file(self, body: bytes, file: str, *, received: str, by: str) -> ReadPlanFile:
        """Read and check an uploaded plan file, which findings name so, where it can harm nobody.

        Raises:
            UnsoundPlan: a plan of it cannot be used, or cannot be checked.
            CheckingBusy: too many wait to be checked.
            LogUnavailable: the log cannot be read.
        """
        documents = {key: fact["document"] for key, fact in self._known().items()}
        try:
            return self._bounded.run(read_plan_file, body, file, published=documents, received=received, by=by)
        except Exceeded as error:
            raise UnsoundPlan(f"{file}: the plan cannot be checked: {error}; write it smaller", findings=[]) from None

    def versions(self) -> list[dict[str, Any]]:
        """Every published version, with the days on which it holds.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        facts = list(self._known().values())
        return versions_view(facts, map(_declaration, facts))

    def file_of(self, key: str) -> str | None:
        """The file of a published version, by its name `plan@version`; None where there is none.

        Raises:
            LogUnavailable: the log cannot be read.
        """
        fact = self._known().get(key)
        return None if fact is None else text_of(fact)

    def publish(self, records: Sequence[Record], *, dry_run: bool = False) -> set[str]:
        """Append the versions that are new, and name them; the same content again is harmless. With `dry_run` nothing
        is appended.

        Raises:
            PlanPublishedAlready: one of them would change a published version; nothing was published.
            PlanCannotHold: one of them would never hold, or declares a column in another way; nothing was published.
            LogUnavailable: the log cannot be read or written.
        """
        # Read, checked and written by one publisher at a time: two versions that contradict each other could both be
        # sound beside what either of them read.
        with self._lock():
            known = self._known()
            published = {key: _declaration(fact) for key, fact in known.items()}
            new: dict[str, Record] = {}
            for record in records:
                fact = _fact(record)
                if record.key not in known:
                    new[record.key] = record
                elif not self._same(known[record.key]["document"], fact["document"]):
                    raise PlanPublishedAlready(
                        f"{record.key} is published with other content, and a version never changes: publish the next"
                        " version; with the same effective_from it replaces this one from its first day"
                    )
                known[record.key] = fact
            _check(published, {key: _declaration(known[key]) for key in new})
            if not dry_run:
                if new:  # all in one append: of a request either every version is published or none
                    self._log.append(PLANS, list(new.values()))
                self._remember(known)
            return set(new)

    def _same(self, published: dict[str, Any], document: dict[str, Any]) -> bool:
        if published == document:
            return True
        try:  # what was published before the plan language had a word says the same without it
            return self._bounded.run(in_full, published) == document
        except ValueError:
            return False


# These two are called in the bounded process, which may die of what it reads. So what goes in and comes out is small
# and plain: a time zone by its name, records and results, never a plan.
def read_plan_event(text: bytes, zone: str, *, received: datetime, by: str) -> ReadEvents:
    """One event of a request, read as `acceptance.read_events` does; a plan that is one is tried out, too."""
    return read_events([text], PlanEvent, zone=ZoneInfo(zone), received=received, by=by, columns=dict)


def in_full(document: dict[str, Any]) -> dict[str, Any]:
    """A published document as this version of Earnest would write it."""
    return Plan.model_validate(document).document()


def _check(published: dict[str, Declaration], new: dict[str, Declaration]) -> None:
    """See that new versions can stand beside those that are published.

    Raises:
        PlanCannotHold: one cannot.
    """
    together = published | new
    for key, by in replacements(together.values()).items():
        if key in new and by.key in published:
            raise PlanCannotHold(
                f"{key} would never hold: {by.key} is published and holds from the same day, {by.effective_from};"
                f" give it a version above {by.version} to replace that one"
            )
    try:
        check_together(together.values())
    except PlanConflict as error:
        raise PlanCannotHold(str(error)) from None


def _fact(record: Record) -> dict[str, Any]:
    fact: dict[str, Any] = orjson.loads(record.value or b"{}")
    return fact


def _declaration(fact: dict[str, Any]) -> Declaration:
    document = fact["document"]
    if any("pay_of" in measure for measure in document.get("measures", ())):
        # Which component depends on whose pay follows from the whole plan; only of such plans is it read.
        return _read_declaration(orjson.dumps(document))
    return Declaration(
        plan=fact["plan_id"],
        version=fact["version"],
        effective_from=date.fromisoformat(fact["effective_from"]),
        columns=document.get("columns", {}),
        calendar=CalendarTerms.model_validate(document.get("calendar", {})),
        continues=document.get("conventions", {}).get("versions") == "continue",
        currency=document.get("currency", ""),
        components=tuple(component.get("component", "") for component in document.get("components", ())),
    )


@lru_cache(maxsize=256)
def _read_declaration(document: bytes) -> Declaration:
    return Declaration.of(Plan.model_validate(orjson.loads(document)))
