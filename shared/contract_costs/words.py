"""The accounting of one contract in words that a reader can check with a calculator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.contract_costs.assets import Asset, Expense
from shared.contract_costs.events import AppliedEvent
from shared.contract_costs.facts import CostEvent
from shared.contract_costs.policy import Convention
from shared.contract_costs.schedule import ContractCostBooks, ScheduleRow
from shared.formatting import money
from shared.periods import month_of_number

_FIRST: dict[Convention, str] = {
    "full": "the month of the start counts whole",
    "next": "the month after the start is the first",
    "half": "the first month and the last count half",
    "mid_month": "a start up to the 15th counts the month whole, a later one not at all",
    "days": "every month counts by its days",
}
_CAUSE = {
    "impairment": "is impaired",
    "reversal": "of the impairment is reversed",
    "clawback": "is clawed back",
}


def in_words(books: ContractCostBooks, contract: str) -> Iterator[str]:
    """All that happens to a contract's costs: what is expensed at once, each asset with its months, each event."""
    for spent in books.expenses:
        if spent.contract_id == contract and spent.reason != "after_the_asset":
            yield _expensed(spent)
    for asset in books.assets:
        if asset.line.contract_id == contract:
            rows = [row for row in books.schedule if row.asset.id == asset.id]
            yield from _asset(asset, rows)
    for applied in books.applied:
        if applied.event.contract_id == contract and not applied.changes:
            yield from _without_change(applied)
    for spent in books.expenses:
        if spent.contract_id == contract and spent.reason == "after_the_asset":
            yield _expensed(spent)
    for refused in books.refused:
        if contract == refused.id or refused.id.startswith(f"{contract}:"):
            yield f"Not used: {refused.source}: {refused.message}."


def _money(amount: int, currency: str) -> str:
    return money(amount, currency, code=True)


def _expensed(spent: Expense) -> str:
    amount = _money(spent.amount, spent.currency)
    if spent.on_cost:
        amount += f", with on-costs of {_money(spent.on_cost, spent.currency)}"
    return f"{month_of_number(spent.month)}: {spent.line_id}, {amount}, is expense: {spent.why}."


def _asset(asset: Asset, rows: Sequence[ScheduleRow]) -> Iterator[str]:
    line, currency = asset.line, asset.line.currency
    parts = ""
    if asset.on_cost:
        parts = f" ({_money(asset.commission, currency)} and on-costs of {_money(asset.on_cost, currency)})"
    yield (
        f"{month_of_number(asset.recognised)}: {line.earning_line_id} is capitalised at "
        f"{_money(asset.total, currency)}{parts}. It is expensed over {asset.months} months from {asset.start}, "
        f"{asset.why}; {_FIRST[asset.policy.first_month]}."
    )
    base, run = asset.total, list[ScheduleRow]()
    for row in rows:
        if row.source in {"run", "estimate_change"} and (not run or run[-1].source == row.source):
            run.append(row)
            continue
        yield from _run(asset, base, run=run)
        run = []
        if row.source in {"run", "estimate_change"}:
            base, run = row.carrying + row.amount, [row]
            continue
        base = row.carrying
        yield (
            f"{month_of_number(row.month)}: of {_money(row.carrying + row.amount, currency)}, "
            f"{_money(abs(row.amount), currency)} {_CAUSE[row.source]}; {_money(row.carrying, currency)} is carried on."
        )
    yield from _run(asset, base, run=run)


def _run(asset: Asset, base: int, *, run: Sequence[ScheduleRow]) -> Iterator[str]:
    """Months of straight expense, with the sum that gives each of them."""
    if not run:
        return
    currency, first, last = asset.line.currency, run[0], run[-1]
    begins, ends = month_of_number(first.month), month_of_number(last.month)
    new = f" under the new estimate of {first.months} months in all" if first.source == "estimate_change" else ""
    if first.part[1] == 0:
        yield f"{begins}: {_money(first.amount, currency)} is expensed at once, for the new period is over already."
        return
    shown = [f"{month_of_number(row.month)} {_sum(base, row, convention=asset.policy.first_month)}" for row in run[:3]]
    more = "; and so on" if len(run) > len(shown) else ""
    yield (
        f"{begins} to {ends}{new}: {'; '.join(shown)}{more}. In {len(run)} months "
        f"{_money(base - last.carrying, currency)}; {_money(last.carrying, currency)} is carried at the end of {ends}."
    )


def _sum(base: int, row: ScheduleRow, *, convention: Convention) -> str:
    """The multiplication that gives a month, to be repeated with a calculator."""
    currency, (gone, length) = row.asset.line.currency, row.part
    parts = f"{gone} / {length} days" if convention == "days" else f"{_half(gone)} / {_half(length)}"
    before = base - row.carrying - row.amount
    less = f", less {money(before, currency)}: {money(row.amount, currency)}" if before else ""
    return f"{money(base, currency)} x {parts} = {money(base - row.carrying, currency)}{less}"


def _half(halves: int) -> str:
    return f"{halves // 2}.5" if halves % 2 else str(halves // 2)


def _without_change(applied: AppliedEvent) -> Iterator[str]:
    event = applied.event
    if event.kind in {"estimate", "extension"}:
        yield f"{event.on}: {_estimate(event)}; months before stay as they are."
    elif not applied.expenses:
        why = "what is carried is recoverable" if applied.before else "nothing is carried"
        yield f"{event.on}: {event.kind} changes nothing: {why}."


def _estimate(event: CostEvent) -> str:
    if event.kind == "extension":
        by = f"the term is extended by {event.months} months"
        return f"{by}, which counts where it ends after the period that was expected"
    if event.ends is not None:
        return f"the benefit period is now expected to end on {event.ends}"
    if event.remaining_months is not None:
        return f"the benefit period is now expected to last {event.remaining_months} months from here"
    return f"the benefit period is now expected to be {event.months} months in all"
