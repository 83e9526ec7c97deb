"""A plan file from its text to everything there is to say about it, each with line and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from earnest.plans.positions import Position, Positions
from earnest.plans.schema_errors import schema_findings
from shared.kernel.checks import UNIT_CODES, findings, slips
from shared.kernel.language.findings import Finding
from shared.kernel.plan.exact_yaml import PlanFileError, read_yaml
from shared.kernel.plan.version import Plan

TOP = Position(1, 1)
KEY_CODES = {"P102"}
"""Findings about a field itself rather than its value."""


@dataclass(frozen=True)
class Located:
    """A finding in a file."""

    file: str
    position: Position
    finding: Finding

    @property
    def where(self) -> str:
        """`file:line:column`."""
        return f"{self.file}:{self.position.line}:{self.position.column}"


@dataclass(frozen=True, kw_only=True)
class PlanText:
    """The text of a plan file, the plan if it is one, and why it is none."""

    file: str
    text: str
    plan: Plan | None
    found: list[Located]


def check_files(files: Sequence[Path]) -> list[Located]:
    """What there is to say about some plan files, from top to bottom; versions of one plan among them know of each
    other."""
    return check_texts([plan_of_file(file) for file in files])


def check_texts(read: Sequence[PlanText]) -> list[Located]:
    """The same of texts."""
    plans = [each.plan for each in read if each.plan is not None]
    found: list[Located] = []
    for each in read:
        rest = each.found
        if each.plan is not None:
            # Only what was given at once is known here; whether a version replaces one that is published, ingest says.
            others = [other for other in plans if other is not each.plan and other.plan == each.plan.plan]
            rest = _located(each.file, each.text, found=findings(each.plan, others))
        found += sorted(rest, key=lambda one: (one.position, one.finding.code, one.finding.message))
    return found


def slips_in(files: Sequence[Path]) -> list[str]:
    """What of sound plan files looks like a slip that moves pay, each with its place; the rest `check_files` says."""
    return [
        f"{located.where}: {located.finding.in_words}."
        for each in map(plan_of_file, files)
        if each.plan is not None
        for located in _located(each.file, each.text, found=slips(each.plan, read_yaml(each.text)))
    ]


def plan_of_file(file: Path) -> PlanText:
    """The plan of a file, or why it is none."""
    try:
        # Editors on Windows begin a file with a byte order mark, which YAML would take for a part of the first key.
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return _unusable(str(file), "", what="the text is not UTF-8", mend="save the file as UTF-8")
    except OSError as error:
        return _unusable(str(file), "", what=error.strerror or str(error))
    return plan_of_text(text, str(file))


def plan_of_text(text: str, file: str) -> PlanText:
    """The plan of a text, or why it is none."""
    try:
        data = read_yaml(text)
        if not isinstance(data, dict):
            what = "a plan file is a mapping that begins with 'plan: <id>'"
            return _unusable(file, text, what=what, code="P002", mend="write `plan: <id>` first, then the other fields")
        return PlanText(file=file, text=text, plan=Plan.model_validate(data), found=[])
    except PlanFileError as error:
        mend = "indent with blanks, not with tabs" if "\\t" in error.what else ""
        return _unusable(file, text, what=error.what, position=Position(*error.position), code=error.code, mend=mend)
    except ValidationError as error:
        return PlanText(file=file, text=text, plan=None, found=_located(file, text, found=schema_findings(error)))
    except RecursionError:
        return _unusable(file, text, what="the file contains itself")


def _unusable(
    file: str, text: str, *, what: str, position: Position = TOP, code: str = "P001", mend: str = ""
) -> PlanText:
    return PlanText(
        file=file,
        text=text,
        plan=None,
        found=[Located(file, position, Finding(code=code, severity="error", path=(), message=what, mend=mend))],
    )


def _located(file: str, text: str, *, found: Sequence[Finding]) -> list[Located]:
    positions = Positions(text)
    # Whether a percent sign was written is known from the text only: once it is read, 800% and 8 are the same number.
    meant = [each for each in found if each.code not in UNIT_CODES or not positions.text_at(each.path).endswith("%")]
    return [Located(file, positions.of(each.path, key=each.code in KEY_CODES), each) for each in meant]
