"""The assertions of plan files, told as tests are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.formatting import grouped
from shared.kernel.checks.assertions import ALL, Checked, checked
from shared.kernel.plan.version import Plan


def assertion_report(plans: Sequence[tuple[str, Plan]]) -> tuple[str, bool]:
    """What became of every assertion of some files, and whether all hold."""
    lines: list[str] = []
    passed = failed = 0
    for file, plan in plans:
        found = checked(plan)
        lines += [line for each in found for line in _lines(file, each, plan=plan)]
        if not found:
            lines.append(f"{file}: the plan has no assertions")
        passed += sum(each.holds for each in found)
        failed += sum(not each.holds for each in found)
    lines.append(f"{failed} failed, {passed} passed" if failed else f"{passed} passed")
    return "\n".join(lines), not failed and passed > 0


def _lines(file: str, found: Checked, *, plan: Plan) -> Iterator[str]:
    word = "holds" if found.holds else "FAILS"
    yield f"{file}: assertion {found.number} {word}: at {found.point}"
    if found.holds:
        return
    for name, (expected, pays) in found.pays.items():
        if expected != pays:
            who = "the plan" if name == ALL else name
            yield f"    {who} pays {grouped(pays)} {plan.currency}, not {grouped(expected)}"
    if found.error:
        yield f"    {found.error}"
