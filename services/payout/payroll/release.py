"""Releasing: the lines of a run become batches, one per legal entity, each in the file that its payroll takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from http import HTTPStatus

from services.payout.errors import Refusal
from services.payout.payroll.batch import LinesRefused
from services.payout.payroll.formats.base import Format, Owners, Rejected
from services.payout.payroll.line import Head, PayrollLine
from services.payout.payroll.policy import Numbering, PayrollProfile


class LinesReleased(Refusal):
    """A line is in a released batch and was not returned by payroll: it is never handed over twice."""

    type = "lines-released"
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
    """What one legal entity pays, in which format, and to which payroll's numbers of people."""

    entity: str | None
    target: Format
    lines: tuple[PayrollLine, ...]
    numbering: Numbering


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
            found.append(Share(name or None, target, own, profile.numbering(name or None)))
        elif own:
            message = f"the payroll profile {profile.id} lists legal entities, and {name or 'none'} is not among them"
            unknown += [Rejected(line.id, at, "entity", "unlisted", message) for at, line in enumerate(own, 1)]
        else:
            found.append(Share(None, profile.file, (), ()))
    if unknown:
        raise LinesRefused(unknown)
    return found


def head_of(run: Paying, share: Share, batch: str, number: int, now: datetime) -> Head:
    """What the batch of a share says of itself."""
    return Head(
        batch=batch,
        number=number,
        run=run.run,
        period=run.period,
        period_end=run.period_end,
        pay_date=run.pay_date,
        created_at=now,
        pay_group=run.pay_group,
        entity=share.entity,
        corrects=run.corrects,
    )


def refused(
    run: Paying, lines: Sequence[PayrollLine], profile: PayrollProfile, owners: Mapping[Numbering, Owners]
) -> list[Rejected]:
    """What payroll would refuse of what a run pays, over all its files, before there are any.

    Args:
        run: the run.
        lines: what it pays.
        profile: the files that payroll gets.
        owners: whose ids others have in each payroll, who are not paid by the run.
    """
    try:
        parts = shares(lines, profile)
    except LinesRefused as error:
        return [Rejected(**each) for each in error.rejected]
    known: dict[Numbering, Owners] = defaultdict(dict, {key: dict(held) for key, held in owners.items()})
    moment = datetime.combine(run.pay_date, time(), UTC)
    return [
        each
        for part in parts
        for each in part.target.refused(part.lines, head_of(run, part, run.run, 1, moment), known[part.numbering])
    ]


def batch_id(run: str, count: int) -> str:
    """The id of a run's next batch, of which there are `count` already: the run's own, then `.2`, `.3`."""
    return run if count == 0 else f"{run}.{count + 1}"


class NoSuchBatch(Refusal):
    """There is no released batch of this id, or it is of a pay group that the caller may not see."""

    type = "no-such-batch"
    title = "There is no such batch"
    status = HTTPStatus.NOT_FOUND

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
