"""Plans from the text of a file, or everything that is wrong in it, each with line and column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import yaml
from pydantic import ValidationError

from shared.kernel.language.findings import Finding
from shared.kernel.plan.exact_yaml import PlanFileError, YamlDocument, read_documents
from shared.kernel.plan.located import Located, locate, unreadable, unusable
from shared.kernel.plan.schema_findings import schema_findings
from shared.kernel.plan.version import Plan


@dataclass(frozen=True, kw_only=True)
class PlanText:
    """A document of a plan file: its text, the plan if it is one, and why it is none."""

    file: str
    text: str
    root: yaml.Node | None
    plan: Plan | None
    findings: list[Located]


def plans_of_text(text: str, file: str) -> list[PlanText]:
    """The plans of a file's text, one for each of its documents, or why one is none."""
    try:
        return [_plan_of(document, file) for document in read_documents(text)]
    except PlanFileError as error:
        return [no_plan(file, unreadable(file, error))]


def no_plan(file: str, findings: list[Located]) -> PlanText:
    """What is read of a file that cannot be."""
    return PlanText(file=file, text="", root=None, plan=None, findings=findings)


def read_plan(text: str, name: str) -> Plan:
    """The plan in the text of a file of that name.

    Raises:
        PlanFileError: the text is no plan, or several; one line per mistake, naming where it is.
    """
    read = plans_of_text(text, name)
    if mistakes := [located.in_words for plan_text in read for located in plan_text.findings]:
        raise PlanFileError("\n".join(mistakes))
    if len(read) > 1:
        raise PlanFileError(f"{name}: it holds several plans")
    [plan_text] = read
    assert plan_text.plan is not None
    return plan_text.plan


def mistakes(error: ValidationError) -> list[str]:
    """The mistakes of a plan in sentences: where, the code, what, and how to mend it."""
    return in_sentences(schema_findings(error))


def in_sentences(findings: Iterable[Finding]) -> list[str]:
    """Findings of a plan that has no text with lines: where in its data, the code, what, and how to mend it."""
    return [f"{'.'.join(str(part) for part in finding.path) or 'plan'}: {finding.in_words}" for finding in findings]


def _plan_of(document: YamlDocument, file: str) -> PlanText:
    plan: Plan | None = None
    findings: list[Located] = []
    if not isinstance(document.data, dict):
        what = "a plan file is a mapping that begins with 'plan: <id>'"
        findings = unusable(file, what, code="P002", mend="write `plan: <id>` first, then the other fields")
    else:
        try:
            plan = Plan.model_validate(document.data)
        except ValidationError as error:
            findings = locate(file, document.node, findings=schema_findings(error))
        except RecursionError:
            findings = unusable(file, "the file contains itself")
    return PlanText(file=file, text=document.text, root=document.node, plan=plan, findings=findings)
