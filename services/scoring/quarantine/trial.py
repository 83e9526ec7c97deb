"""Whether a plan can be calculated with at all, tried before anybody's deal is credited by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shared.bounded import BoundedProcess, Exceeded
from shared.kernel import Plan
from shared.kernel.checks.trial import CannotBeCalculated, try_out
from shared.kernel.plan.plan_file import mistakes


def harm(bounded: BoundedProcess, document: Mapping[str, Any], *, admitted: bool = False) -> str | None:
    """`harm_of`, where it can harm nobody: what takes too much time or memory there is harmful, too."""
    try:
        return bounded.run(harm_of, document, admitted=admitted)
    except Exceeded as error:
        return str(error)


def harm_of(document: Mapping[str, Any], *, admitted: bool = False) -> str | None:
    """Why a plan of a document cannot be calculated with; None where it can.

    What is no plan is refused when it is admitted, which tells its publisher why. Where it was `admitted` once, by
    another version of Earnest, it is harmful: it can no longer be calculated with.
    """
    try:
        try_out(Plan.model_validate(document))
    except CannotBeCalculated as error:
        return str(error)
    except ValidationError as error:
        return "; ".join(mistakes(error)) if admitted else None
    return None
