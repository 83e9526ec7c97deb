"""When a measure that is built from others begins anew, where it does not say so: with the longest of what it is built
from."""

from __future__ import annotations

from typing import Any, get_args

from shared.kernel.language.conventions import Reset
from shared.kernel.language.formulas import FormulaError, references

_ORDER = get_args(Reset)


def with_resets(plan: Any) -> Any:
    """The data of a plan in which every formula and scorecard says its reset; what is no plan stays as it is.

    Otherwise a scorecard of yearly measures would begin anew, and be paid anew, each month.
    """
    measures = plan.get("measures") if isinstance(plan, dict) else None
    if not isinstance(measures, list | tuple) or not all(isinstance(measure, dict) for measure in measures):
        return plan
    by_name = {str(measure.get("measure")): measure for measure in measures}
    known: dict[str, str] = {}
    # Worked out on the data, before the model: so the reset stands in the measure like one that was written, and
    # nothing after this asks where it came from.
    return plan | {"measures": [_with_reset(measure, by_name, known=known) for measure in measures]}


def _with_reset(
    measure: dict[str, Any], by_name: dict[str, dict[str, Any]], *, known: dict[str, str]
) -> dict[str, Any]:
    longest = _longest(measure, by_name, known=known)
    return measure if "reset" in measure or longest == "month" else measure | {"reset": longest}


def _longest(measure: dict[str, Any], by_name: dict[str, dict[str, Any]], *, known: dict[str, str]) -> str:
    said = measure.get("reset")
    if said is not None:
        return str(said) if said in _ORDER else "month"
    name = str(measure.get("measure"))
    if name not in known:
        known[name] = "month"  # of a circle, which the plan refuses
        resets = [
            _longest(by_name[source], by_name, known=known) for source in _built_from(measure) if source in by_name
        ]
        known[name] = max(resets, key=_ORDER.index, default="month")
    return known[name]


def _built_from(measure: dict[str, Any]) -> list[str]:
    scorecard, formula = measure.get("scorecard"), measure.get("formula")
    if isinstance(scorecard, dict):
        return [str(name) for name in scorecard]
    lookup = measure.get("lookup")
    if isinstance(lookup, dict):
        axes = [axis for axis in lookup.get("axes") or () if isinstance(axis, dict)]
        named = [*(axis.get(on) for axis in axes for on in ("attainment", "amount")), lookup.get("measure")]
        formulas = [name for axis in axes for name in _named_in(axis.get("formula"))]
        return [*(str(name) for name in named if name is not None), *formulas]
    return _named_in(formula)


def _named_in(formula: object) -> list[str]:
    if not isinstance(formula, str):
        return []
    try:
        return [reference.name for reference in references(formula) if reference.is_measure]
    except FormulaError:
        return []
