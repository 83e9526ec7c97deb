"""The catalogue: the KPIs that come with Earnest and those of the company's folder, checked and compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from services.alerts.kpis.columns import ColumnType, Source
from services.alerts.kpis.model import MOST_KPIS, Kpi, KpiFile
from services.alerts.kpis.sums import CountedSum, KpiSums, sums_of
from shared.bounded import Calculating, Exceeded, directly
from shared.calendars import CompanyCalendar
from shared.kernel.language.findings import Finding, Flaws, did_you_mean, nearest
from shared.kernel.plan.exact_yaml import PlanFileError, read_document
from shared.problems import field_errors

SUFFIX: Final = ".yaml"
FALSE_ALARMS_PER_YEAR: Final = Decimal(12)
"""Accepted over all series, of which a company has more than a hundred: what a few people do is found within months."""
_BUILT_IN: Final = Path(__file__).with_name("catalogue")


@dataclass(frozen=True)
class WatchedKpi:
    """A KPI with what it is made of."""

    kpi: Kpi
    sums: KpiSums


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All KPIs in use, in the order of pages, and what is set about watching them."""

    watched: tuple[WatchedKpi, ...]
    columns: Mapping[str, ColumnType] = field(default_factory=dict)
    calendar: CompanyCalendar = field(default_factory=CompanyCalendar)
    false_alarms_per_year: Decimal = FALSE_ALARMS_PER_YEAR
    remarks: tuple[str, ...] = ()
    """Files that cannot be used and why, in sentences."""

    @cached_property
    def kpis(self) -> tuple[Kpi, ...]:
        """The KPIs themselves."""
        return tuple(each.kpi for each in self.watched)

    @cached_property
    def by_name(self) -> Mapping[str, WatchedKpi]:
        """The KPIs by their names."""
        return {each.kpi.name: each for each in self.watched}

    @cached_property
    def plan(self) -> tuple[WatchedKpi, ...]:
        """The KPIs of the plan."""
        return tuple(each for each in self.watched if each.kpi.about == "plan")

    @cached_property
    def pipeline(self) -> tuple[WatchedKpi, ...]:
        """The KPIs of the pipeline of events."""
        return tuple(each for each in self.watched if each.kpi.about == "road")

    def counted(self, source: Source) -> tuple[CountedSum, ...]:
        """The sums that are kept over observations of a source, each once."""
        sums = {each.key: each for watched in self.plan for each in watched.sums if each.source == source}
        return tuple(sums.values())

    @cached_property
    def definitions(self) -> frozenset[str]:
        """What is counted, and how: by the calendar and the types of the company's columns, too."""
        sums = (each.definition for watched in self.plan for each in watched.sums)
        columns = (f"column {name} read as {kind}" for name, kind in self.columns.items())
        return frozenset({f"calendar {self.calendar.model_dump_json()}", *columns, *sums})

    def settings_of(self, kpi: Kpi) -> str:
        """What is set about watching a KPI: the same text where it is."""
        return f"{kpi.model_dump_json()} {self.calendar.model_dump_json()} {self.false_alarms_per_year.normalize()}"

    @cached_property
    def hash(self) -> str:
        """SHA-256 of all that decides what is found: two catalogues of one hash find the same."""
        said = (*sorted(self.definitions), *map(self.settings_of, self.kpis))
        return sha256("\n".join(said).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A file on top of a catalogue: what is found in it, and its KPIs where that is nothing wrong."""

    file: KpiFile | None
    watched: tuple[WatchedKpi, ...] = ()
    findings: tuple[Finding, ...] = ()
    error: ValidationError | None = None


def load(folder: Path | None = None, calculating: Calculating = directly) -> Catalogue:
    """The catalogue of an installation. A company's file that cannot be used keeps nobody from the others; one that
    takes too much to be read where that is found out, by `calculating`, is not used either.
    """
    catalogue = built_in()
    files = sorted(folder.glob(f"*{SUFFIX}")) if folder is not None and folder.is_dir() else []
    remarks: list[str] = []
    named: dict[str, str] = {}
    for path in files:
        reason, draft = _usable(path, catalogue, calculating=calculating)
        twice = [name for name in _names(draft) if name in named]
        if reason is None and twice:
            reason = f"{twice[0]} is in {named[twice[0]]} too: leave it in one of them"
        if reason is not None or draft is None:
            remarks.append(f"{path.name} is not used: {reason}")
            continue
        named |= dict.fromkeys(_names(draft), path.name)
        catalogue = with_file(catalogue, draft)
    if len(catalogue.kpis) > MOST_KPIS:
        remarks.append(f"{len(catalogue.kpis)} KPIs are more than {MOST_KPIS}: the last ones are not watched")
    kept = catalogue.watched[:MOST_KPIS]
    return _replaced(catalogue, watched=kept, remarks=tuple(remarks))


@lru_cache(maxsize=1)
def built_in() -> Catalogue:
    """The KPIs that come with Earnest."""
    catalogue = Catalogue(watched=())
    for path in sorted(_BUILT_IN.glob(f"*{SUFFIX}")):
        draft = drafted(read_document(path.read_text(encoding="utf-8")).data, catalogue)
        if draft.file is None:
            raise draft.error or Flaws(draft.findings)
        catalogue = with_file(catalogue, draft)
    return catalogue


def drafted(document: Any, catalogue: Catalogue) -> Draft:
    """The data of a file as KPIs: those that the catalogue has by name are changed in what the file says of them."""
    if not isinstance(document, dict):
        message = "a file of KPIs is a mapping that begins with 'kpis:'"
        return Draft(file=None, findings=(Finding.error("K101", (), message=message),))
    known = {kpi.name: kpi.model_dump(exclude_unset=True) for kpi in catalogue.kpis}
    entries = document.get("kpis")
    if isinstance(entries, list):
        if unknown := list(_unknown(entries, known)):
            return Draft(file=None, findings=tuple(unknown))
        document = {**document, "kpis": [_on_top(entry, known) for entry in entries]}
    try:
        file = KpiFile.model_validate(document)
    except ValidationError as error:
        return Draft(file=None, error=error)
    own = {**catalogue.columns, **file.columns}
    watched, findings = [], list(_name_findings(file, known))
    for place, kpi in enumerate(file.kpis):
        try:
            watched.append(WatchedKpi(kpi, sums_of(kpi, own)))
        except Flaws as flaws:
            findings += [finding.under("kpis", place) for finding in flaws.findings]
    return Draft(file=None if findings else file, watched=tuple(watched), findings=tuple(findings))


def with_file(catalogue: Catalogue, draft: Draft) -> Catalogue:
    """The catalogue with a file that can be used."""
    assert draft.file is not None
    merged = {each.kpi.name: each for each in (*catalogue.watched, *draft.watched)}
    own = {**catalogue.columns, **draft.file.columns}
    watched = sorted(
        (WatchedKpi(each.kpi, sums_of(each.kpi, own)) for each in merged.values() if each.kpi.used),
        key=lambda each: (each.kpi.position, each.kpi.name),
    )
    return _replaced(
        catalogue,
        watched=tuple(_sharing(watched)),
        columns=own,
        calendar=draft.file.calendar or catalogue.calendar,
        false_alarms_per_year=draft.file.false_alarms_per_year or catalogue.false_alarms_per_year,
    )


def _sharing(watched: Sequence[WatchedKpi]) -> Iterator[WatchedKpi]:
    """The KPIs, of which several may look at one sum: it is kept once, by the most dimensions."""
    counted: dict[str, CountedSum] = {}
    for each in (counted_sum for kpi in watched if kpi.kpi.about == "plan" for counted_sum in kpi.sums):
        if each.what not in counted or len(each.dimensions) > len(counted[each.what].dimensions):
            counted[each.what] = each
    for one in watched:
        yield WatchedKpi(one.kpi, one.sums.sharing(counted)) if one.kpi.about == "plan" else one


def _on_top(entry: Any, known: Mapping[str, Mapping[str, Any]]) -> Any:
    if not isinstance(entry, dict):
        return entry
    before = known.get(str(entry.get("name")), {})
    return {**before, **entry}


def _unknown(entries: Sequence[Any], known: Mapping[str, Any]) -> Iterator[Finding]:
    """Settings of a KPI that is not there: nothing says what it would be of."""
    own = {str(entry.get("name")) for entry in entries if isinstance(entry, dict) and "of" in entry}
    for place, entry in enumerate(entries):
        name = entry.get("name") if isinstance(entry, dict) and "of" not in entry else None
        if isinstance(name, str) and name not in {*known, *own}:
            near = nearest(name, [*known, *own])
            mend = f"did you mean {near}?" if near else "`earnest alerts kpis list` names them"
            yield Finding.error(
                "K105",
                ("kpis", place, "name"),
                message=f"there is no KPI {name} that could be set otherwise",
                mend=f"{mend}; one of your own says what it is `of`, and what it counts",
            )


def _name_findings(file: KpiFile, known: Mapping[str, Any]) -> Iterator[Finding]:
    names = [kpi.name for kpi in file.kpis]
    for place, kpi in enumerate(file.kpis):
        if kpi.name in names[:place]:
            message = f"{kpi.name} stands twice in the file"
            yield Finding.error("K102", ("kpis", place, "name"), message=message, mend="leave it once")
        for cause_place, cause in enumerate(kpi.caused_by):
            if cause not in {*names, *known} or cause == kpi.name:
                mend = did_you_mean(cause, [*names, *known], what="KPIs")
                path = ("kpis", place, "caused_by", cause_place)
                yield Finding.error("K204", path, message=f"there is no other KPI {cause}", mend=mend)


def try_out(text: str) -> None:
    """Read a file's text as it will be read, whatever is found in it.

    Raises:
        PlanFileError: it is no YAML.
    """
    draft = drafted(read_document(text).data, built_in())
    if draft.file is not None:
        with_file(built_in(), draft)


def _usable(path: Path, catalogue: Catalogue, *, calculating: Calculating) -> tuple[str | None, Draft | None]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        calculating(try_out, text)
        draft = drafted(read_document(text).data, catalogue)
    except (PlanFileError, OSError, UnicodeDecodeError, RecursionError, Exceeded) as error:
        return str(error), None
    if draft.error is not None:
        first = field_errors(draft.error)[0]
        return f"{first['field']}: {first['reason']}", None
    if draft.findings:
        return draft.findings[0].in_words, None
    return None, draft


def _names(draft: Draft | None) -> Sequence[str]:
    return [] if draft is None else [each.kpi.name for each in draft.watched]


def _replaced(catalogue: Catalogue, **changed: Any) -> Catalogue:
    names = ("watched", "columns", "calendar", "false_alarms_per_year", "remarks")
    return Catalogue(**{name: changed.get(name, getattr(catalogue, name)) for name in names})
