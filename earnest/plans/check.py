"""A plan file from its text to everything there is to say about it, each with line and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from earnest.plans.positions import TextPosition, TextPositions
from earnest.plans.schema_errors import schema_findings
from shared.kernel.checks import UNIT_CODES, findings, slips
from shared.kernel.language.findings import Finding
from shared.kernel.plan.exact_yaml import PlanFileError, read_yaml
from shared.kernel.plan.version import Plan

TOP = TextPosition(1, 1)
KEY_CODES = {"P102"}
"""Findings about a field itself rather than its value."""


@dataclass(frozen=True)
class Located:
    """A finding in a file."""

    file: str
    position: TextPosition
    finding: Finding

    @property
    def where(self) -> str:
        """`file:line:column`."""
        return f"{self.file}:{self.position.line}:{self.position.column}"

    def order(self) -> tuple[TextPosition, str, str]:
        """By what findings of a file are sorted: from top to bottom, and the same order every time."""
        return self.position, self.finding.code, self.finding.message


@dataclass(frozen=True, kw_only=True)
class PlanText:
    """The text of a plan file, the plan if it is one, and why it is none."""

    file: str
    text: str
    plan: Plan | None
    findings: list[Located]


def check_files(files: Sequence[Path]) -> list[Located]:
    """What there is to say about some plan files, from top to bottom; versions of one plan among them know of each
    other."""
    return check_texts([plan_of_file(file) for file in files])


def check_texts(texts: Sequence[PlanText]) -> list[Located]:
    """The same of texts."""
    plans = [plan_text.plan for plan_text in texts if plan_text.plan is not None]
    everything: list[Located] = []
    for plan_text in texts:
        rest = plan_text.findings
        if plan_text.plan is not None:
            # Only what was given at once is known here; whether a version replaces one that is published, ingest says.
            others = [other for other in plans if other is not plan_text.plan and other.plan == plan_text.plan.plan]
            rest = locate(plan_text.file, plan_text.text, findings=findings(plan_text.plan, others))
        everything += sorted(rest, key=Located.order)
    return everything


def slips_in(files: Sequence[Path]) -> list[str]:
    """What of sound plan files looks like a slip that moves pay, each with its place; the rest `check_files` says."""
    said: list[Located] = []
    for plan_text in map(plan_of_file, files):
        if plan_text.plan is not None:
            of_plan = slips(plan_text.plan, read_yaml(plan_text.text))
            said += locate(plan_text.file, plan_text.text, findings=of_plan)
    return [f"{located.where}: {located.finding.in_words}." for located in said]


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
        return PlanText(file=file, text=text, plan=Plan.model_validate(data), findings=[])
    except PlanFileError as error:
        mend = "indent with blanks, not with tabs" if "\\t" in error.what else ""
        return _unusable(
            file, text, what=error.what, position=TextPosition(*error.position), code=error.code, mend=mend
        )
    except ValidationError as error:
        return PlanText(file=file, text=text, plan=None, findings=locate(file, text, findings=schema_findings(error)))
    except RecursionError:
        return _unusable(file, text, what="the file contains itself")


def _unusable(
    file: str, text: str, *, what: str, position: TextPosition = TOP, code: str = "P001", mend: str = ""
) -> PlanText:
    return PlanText(
        file=file,
        text=text,
        plan=None,
        findings=[Located(file, position, Finding(code=code, severity="error", path=(), message=what, mend=mend))],
    )


def locate(file: str, text: str, *, findings: Sequence[Finding]) -> list[Located]:
    """Findings with their places in the text, in the order in which they are given."""
    positions = TextPositions(text)
    # Whether a percent sign was written is known from the text only: once it is read, 800% and 8 are the same number.
    return [
        Located(file, positions.of(finding.path, key=finding.code in KEY_CODES), finding)
        for finding in findings
        if finding.code not in UNIT_CODES or not positions.text_at(finding.path).endswith("%")
    ]
