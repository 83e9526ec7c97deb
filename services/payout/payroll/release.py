"""Releasing: the lines of a run become batches, one per legal entity, each in the file that its payroll takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.payout.payroll.batch import LinesRefused
from services.payout.payroll.formats.base import Format, Rejected
from services.payout.payroll.line import PayrollLine
from services.payout.payroll.policy import PayrollProfile
from services.payout.refusals import Refusal


class LinesReleased(Refusal):
    """A line is in a released batch and was not returned by payroll: it is never handed over twice."""

    slug = "lines-released"
    title = "Lines are released already"

    def __init__(self, lines: Sequence[str]) -> None:
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        super().__init__(f"the line {lines[0]}{more} is in a released batch already")
        self.lines = list(lines[:100])


@dataclass(frozen=True, slots=True)
class Paying:
    """The run that is released: whom it pays, when, and until when payroll has to acknowledge its files."""

    run: str
    pay_group: str
    period: str
    period_end: date
    pay_date: date
    acknowledge_by: date | None = None
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What one legal entity pays, and in which format."""

    entity: str | None
    target: Format
    lines: tuple[PayrollLine, ...]


def shares(lines: Sequence[PayrollLine], profile: PayrollProfile) -> list[Share]:
    """The lines by legal entity, in the order of the entities' names. Without lines, nobody's share, which is a file without rows.

    Raises:
        LinesRefused: the profile lists legal entities, and not that of a line.
    """
    entities = sorted({line.entity or "" for line in lines}) or [""]
    found, unknown = [], []
    for name in entities:
        own = tuple(line for line in lines if (line.entity or "") == name)
        target = profile.of_entity(name or None)
        if target is not None:
            found.append(Share(name or None, target, own))
        elif own:
            message = f"the payroll profile {profile.id} lists legal entities, and {name or 'none'} is not among them"
            unknown += [Rejected(line.id, at, "entity", "unlisted", message) for at, line in enumerate(own, 1)]
        else:
            found.append(Share(None, profile.file, ()))
    if unknown:
        raise LinesRefused(unknown)
    return found


def batch_id(run: str, count: int) -> str:
    """The id of a run's next batch, of which there are `count` already: the run's own, then `.2`, `.3`."""
    return run if count == 0 else f"{run}.{count + 1}"


class NoSuchBatch(Refusal):
    """There is no released batch of this id, or it is of a pay group that the caller may not see."""

    slug = "no-such-batch"
    title = "There is no such batch"

    def __init__(self, batch: str) -> None:
        super().__init__(f"there is no batch {batch}")
        self.batch = batch


@dataclass(frozen=True, slots=True)
class Released:
    """A released batch without its files."""

    id: str
    number: int
    run: str
    pay_group: str
    entity: str | None
    period: str
    pay_date: date
    acknowledge_by: date | None
    format: str
    sha256: str
    record_count: int
    control_totals: dict[str, str]
    corrects: str | None
    released_by: str
    released_at: datetime
