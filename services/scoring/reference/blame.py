"""Which plan versions a calculation fails with, so that it can be done for everybody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, TypeVar

import polars as pl

from shared.bounded import Calculating, directly
from shared.kernel import Plan, PlanSet
from shared.kernel.arithmetic.expressions import Overflow
from shared.kernel.language.filters import FilterError
from shared.kernel.language.formulas import FormulaError

FAILURES: Final = (Exception, pl.exceptions.PanicException)
"""What a calculation may raise; a panic of Polars is no `Exception`."""

Causes = Mapping[tuple[str, int], str]
"""Plan versions by plan and number, and why they cannot be calculated with."""

Quarantining = Callable[[Causes], object]
"""Quarantines plan versions for whoever calculates from now on."""

Guarded = Callable[[str], AbstractContextManager[tuple[Calculating, Quarantining]]]
"""How to calculate what somebody asks for, by a name that stands for the question, and what to do with versions that
are to blame.
"""

_Result = TypeVar("_Result")


def _unguarded(_: str) -> AbstractContextManager[tuple[Calculating, Quarantining]]:
    return nullcontext((directly, lambda _: None))


UNGUARDED: Final[Guarded] = _unguarded
"""Calculates in this process, whatever it does to it, and quarantines nothing."""


def for_everybody_else(
    plans: PlanSet, calculate: Callable[[PlanSet], _Result], *, quarantine: Quarantining
) -> tuple[PlanSet, _Result]:
    """With which plan versions a calculation succeeds, and what it gives: those with which it fails are quarantined.

    Raises:
        Exception: what the calculation raises without any plan too.
    """
    try:
        return plans, calculate(plans)
    except FAILURES as error:
        harmful = to_blame(plans, calculate)
        if not harmful:
            if isinstance(error, Exception):
                raise
            # A record is to blame, and not this process: as an `Exception` it becomes a dead letter.
            raise RuntimeError(type(error).__name__) from None
    quarantine(harmful)
    return for_everybody_else(without(plans, harmful), calculate, quarantine=quarantine)


def to_blame(plans: PlanSet, calculate: Callable[[PlanSet], Any]) -> dict[tuple[str, int], str]:
    """The plan versions with which a calculation fails, and why: those with which it fails alone, or else one without
    which it succeeds.

    None where it fails without any plan too: then what it is done with is to blame. Versions are tried one by one, a
    calculation for each, which only a batch that has failed already has to pay.
    """
    able = [(plan.plan, plan.version) for plan in plans if not plan.is_quarantined]
    if not able or _failure(calculate, without(plans, able)) is not None:
        return {}
    alone = {name: _failure(calculate, without(plans, {*able} - {name})) for name in able}
    if harmful := {name: _cause(failure) for name, failure in alone.items() if failure is not None}:
        return harmful
    for name in reversed(able):  # of versions that fail together the newest: the others were sound before it came
        if _failure(calculate, without(plans, [name])) is None:
            return {name: "together with other plan versions it cannot be calculated with"}
    return {}


def without(plans: PlanSet, names: Iterable[tuple[str, int]]) -> PlanSet:
    """The versions, these of them in name only: whoever is on one is then known to wait, and falls back to no older
    one.
    """
    aside = {*names}
    return PlanSet(
        Plan.quarantined(plan.plan, plan.version, effective_from=plan.effective_from, currency=plan.currency)
        if (plan.plan, plan.version) in aside
        else plan
        for plan in plans
    )


def _failure(calculate: Callable[[PlanSet], Any], plans: PlanSet) -> BaseException | None:
    try:
        calculate(plans)
    except FAILURES as error:
        return error
    return None


def _cause(failure: BaseException) -> str:
    """Why, in words without the figures of anybody's deal, which other messages may have."""
    if isinstance(failure, Overflow | FormulaError | FilterError):
        return f"for what somebody sold or earned {failure}"
    return f"for what somebody sold or earned its calculation fails with {type(failure).__name__}"
