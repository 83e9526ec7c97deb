"""Plan files from the disk to everything there is to say about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from earnest.yaml_files import text_of
from shared.kernel import PlanSet
from shared.kernel.checks.texts import check_texts, slips_of
from shared.kernel.language.findings import Finding
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.located import Located, locate, unreadable
from shared.kernel.plan.plan_file import PlanText, no_plan, plans_of_text
from shared.kernel.plan.plan_set import PlanConflict


def check_files(files: Sequence[Path]) -> list[Located]:
    """What there is to say about some plan files, from top to bottom; versions of one plan among them know of each
    other, and what keeps them from standing side by side is said last."""
    texts = [plan_text for file in files for plan_text in plans_of_file(file)]
    return [*check_texts(texts), *_conflict([plan_text for plan_text in texts if plan_text.plan is not None])]


def _conflict(texts: Sequence[PlanText]) -> list[Located]:
    plans = {plan_text.plan.key: plan_text for plan_text in texts if plan_text.plan is not None}
    try:
        PlanSet(plan_text.plan for plan_text in texts if plan_text.plan is not None)
    except PlanConflict as error:
        # At the last file that it names: of two that clash, the one that came to the others.
        named = [plan_text for key, plan_text in plans.items() if key in str(error)] or texts
        finding = Finding.error("P004", ("version",), message=str(error))
        return locate(named[-1].file, named[-1].root, findings=[finding])
    return []


def slips_in(files: Sequence[Path]) -> list[str]:
    """What of sound plan files looks like a slip that moves pay, each with its place; the rest `check_files` says."""
    return [slip for file in files for plan_text in plans_of_file(file) for slip in slips_of(plan_text)]


def plans_of_file(file: Path) -> list[PlanText]:
    """The plans of a file, one for each of its documents, or why one is none."""
    try:
        text = text_of(file)
    except PlanFileError as error:
        return [no_plan(str(file), unreadable(str(file), error))]
    return plans_of_text(text, str(file))
