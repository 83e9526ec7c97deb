"""The assertions of plan files, told as tests are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.explanation.named import Names
from shared.formatting import grouped
from shared.kernel.checks.assertions import ALL, AssertionResult, assertion_results
from shared.kernel.plan.version import Plan


def assertion_report(plans: Sequence[tuple[str, Plan]]) -> tuple[str, bool]:
    """What became of every assertion of some files, and whether all hold."""
    lines: list[str] = []
    passed = failed = 0
    for file, plan in plans:
        outcomes = assertion_results(plan)
        lines += [line for outcome in outcomes for line in _lines(file, outcome, plan=plan)]
        if not outcomes:
            lines.append(f"{file}: the plan has no assertions")
        passed += sum(outcome.holds for outcome in outcomes)
        failed += sum(not outcome.holds for outcome in outcomes)
    lines.append(f"{failed} failed, {passed} passed" if failed else f"{passed} passed")
    # Where nothing was asserted nothing was proved: that is no success, or a file that lost its assertions would pass.
    return "\n".join(lines), not failed and passed > 0


def _lines(file: str, outcome: AssertionResult, *, plan: Plan) -> Iterator[str]:
    word = "holds" if outcome.holds else "FAILS"
    yield f"{file}: assertion {outcome.number} {word}: at {outcome.point}"
    if outcome.holds:
        return
    for name, (expected, pays) in outcome.pays.items():
        if expected != pays:
            who = "the plan" if name == ALL else name
            yield f"    {who} pays {grouped(pays)} {plan.currency}, not {grouped(expected)}"
    for name, text in outcome.values.items():
        names = Names(plan, plan.component(name))
        yield f"    {name}: {names.told(names.values(text, of_deal=False), None)}"
    if outcome.error:
        yield f"    {outcome.error}"
