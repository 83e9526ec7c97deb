"""Whether a plan can be calculated with at all, found out before anybody's deal is credited by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shared.bounded import BoundedProcess, Exceeded
from shared.kernel import Plan
from shared.kernel.checks.trial import CannotBeCalculated, tried
from shared.kernel.plan.plan_file import mistakes


def harm(bounded: BoundedProcess, document: Mapping[str, Any]) -> str | None:
    """`harm_of`, where it can harm nobody: what takes too much time or memory there is harmful, too."""
    try:
        return bounded.run(harm_of, document)
    except Exceeded as error:
        return str(error)


def harm_of(document: Mapping[str, Any]) -> str | None:
    """Why a plan of a document cannot be calculated with; None where it can, and of what is no plan, which is refused
    elsewhere.
    """
    try:
        tried(Plan.model_validate(document))
    except CannotBeCalculated as error:
        return str(error)
    except ValidationError:
        return None
    return None


def harm_of_published(bounded: BoundedProcess, document: Mapping[str, Any]) -> str | None:
    """The same of a document that was taken once: what is no plan any more cannot be calculated with either."""
    try:
        return bounded.run(_unusable, document)
    except Exceeded as error:
        return str(error)


def _unusable(document: Mapping[str, Any]) -> str | None:
    try:
        Plan.model_validate(document)
    except ValidationError as error:
        return "; ".join(mistakes(error))
    return harm_of(document)
