"""Observations as frames, whose columns the expressions of KPIs name: deals, participants' months, payout runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias
from zlib import crc32

import polars as pl

from services.alerts.kpis.columns import GROUPS, PERSON, SEGMENTS, ColumnType, columns_of
from services.alerts.rollups.people import Roles, name_key
from shared.calendars import CompanyCalendar
from shared.contracts.earnings import ComponentEarning, EarningsChanged
from shared.facts import Facts, column_of, value_of
from shared.kernel.calendar import PERIODS_IN
from shared.kernel.crediting.custom_columns import BadColumnValue, column_value
from shared.kernel.language.conventions import RESETS
from shared.kernel.language.deal_fields import DECLARED_FIELDS
from shared.money import minor_digits
from shared.periods import Month, first_day, month_number

Observed: TypeAlias = pl.DataFrame
"""A row for each observation, with the columns that are named somewhere, the dimensions, and `CURRENCY`."""
CURRENCY: Final = "currency of the observation"
REFUND: Final = "refunds."
_CUSTOM: Final = "custom."
_AMOUNTS: Final = ("amount", "list_amount", "refunded")
_OF_OWNER: Final = ("plan", "manager", "position")
_OF_CLOSE: Final = frozenset(
    {"business_days_left_in_month", "business_days_left_in_quarter", "business_days_after_turn", "quarter_turn"}
)
"""Where in its month and quarter a deal closed."""
_MOST: Final = Decimal(10) ** 18
"""A number of a deal beyond it is taken for none: it would be more than all money, and sums have to hold it."""


def owner_of(facts: Facts) -> str:
    """The name of whose deal it is, as names are compared: its owner, or who has the largest part of it."""
    splits, owner = value_of(facts, "splits"), value_of(facts, "owner")
    if isinstance(splits, dict) and splits:
        parts = {str(who): _decimal(part) or Decimal(0) for who, part in splits.items()}
        owner = min(parts, key=lambda who: (-parts[who], who))
    return name_key(owner) if isinstance(owner, str) else ""


def deal_day(facts: Facts) -> str:
    """The day for which the roster is asked whose deal it is, as text; empty where the deal has none."""
    return next((day for path in ("close_date", "open_date") if isinstance(day := value_of(facts, path), str)), "")


class DealFrames:
    """Deals as frames with the columns that are named somewhere, and no others."""

    def __init__(self, names: Collection[str], own: Mapping[str, ColumnType], *, calendar: CompanyCalendar) -> None:
        known = columns_of("deals", own)
        dimensions = [*SEGMENTS["deals"], *(name for name, kind in own.items() if kind == "text")]
        looked_at = {*names, *dimensions}
        if not looked_at.isdisjoint(_OF_CLOSE):
            looked_at.add("close_date")  # from which they are counted
        self._schema = {name: kind for name, kind in known.items() if name in looked_at}
        self._own, self._calendar = set(own) - set(columns_of("deals")), calendar
        derived = {"participants", "refunded", *_OF_CLOSE, *_OF_OWNER}
        plain = [name for name in self._schema if name not in {*derived, *_AMOUNTS}]
        self._plain = {name: (f"{_CUSTOM}{name}" if name in self._own else name, self._reader(name)) for name in plain}
        always = {"owner", "splits", "currency", "close_date", "open_date", "amount", "list_amount"}
        self._fields = frozenset({*(path for path, _ in self._plain.values()), *always})

    def relevant(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a patch that KPIs depend on; most patches of a deal's life have few or none."""
        return {path: value for path, value in fields.items() if path in self._fields or path.startswith(REFUND)}

    def of(self, deals: Sequence[Facts], roles: Sequence[Roles]) -> Observed:
        """The frame of some deals; `roles` are what the roster says of the owner of each."""
        columns: dict[str, list[Any]] = {
            name: list(map(read, column_of(deals, path))) for name, (path, read) in self._plain.items()
        }
        currencies = [_text(value) or "" for value in column_of(deals, "currency")]
        if not self._schema.keys().isdisjoint(_AMOUNTS):
            amounts = [_amounts(facts, currency) for facts, currency in zip(deals, currencies, strict=True)]
            columns |= {name: [of_deal[place] for of_deal in amounts] for place, name in enumerate(_AMOUNTS)}
        columns |= {name: [each.get(name) for each in roles] for name in _OF_OWNER}
        columns["participants"] = [_participants(facts) for facts in deals]
        if not self._schema.keys().isdisjoint(_OF_CLOSE):
            columns |= self._of_close(columns["close_date"])
        return _frame(self._schema, columns, currencies=currencies)

    def _reader(self, name: str) -> Callable[[Any], Any]:
        """How a value of a deal is read into its column: of the columns that plans declare as crediting reads them.
        What cannot be read is blank, which is unknown, neither 0 nor no.
        """
        kind = self._schema[name]
        if name not in self._own and name not in DECLARED_FIELDS:
            return _day if kind == pl.Date() else _text

        def read(value: Any) -> Any:
            try:
                return column_value(value, kind)
            except BadColumnValue:
                return None

        return read

    def _of_close(self, closed: Sequence[date | None]) -> dict[str, list[Any]]:
        # Of each day once: many deals close on one.
        days = sorted({day for day in closed if day is not None})
        turns, after = self._calendar.turns(days)
        told = {
            "business_days_left_in_month": self._calendar.business_days_left(days, "month"),
            "business_days_left_in_quarter": self._calendar.business_days_left(days, "quarter"),
            "business_days_after_turn": after,
            "quarter_turn": turns,
        }
        columns = {}
        for name in self._schema.keys() & told.keys():
            of_day = dict(zip(days, told[name].tolist(), strict=True))
            columns[name] = [None if day is None else of_day[day] for day in closed]
        return columns


def observed_earnings(earned: EarningsChanged) -> list[dict[str, Any]]:
    """A participant's month as plain data: what each plan paid in each currency, in minor units, and of its components
    with a quota the measures and quotas: of those that begin anew soonest, for a quarter's and a month's do not add up.
    """
    of_plan: defaultdict[tuple[str, str], list[ComponentEarning]] = defaultdict(list)
    for each in earned.earnings:
        of_plan[each.plan, each.currency].append(each)
    return [_of_plan(components) for _, components in sorted(of_plan.items())]


def _of_plan(components: Sequence[ComponentEarning]) -> dict[str, Any]:
    quotas = [each for each in components if each.quota]
    reset = min((each.reset or "month" for each in quotas), key=RESETS.index, default="month")
    told = [each for each in quotas if (each.reset or "month") == reset]
    return {
        "plan": components[0].plan,
        "currency": components[0].currency,
        "amount": sum(each.amount for each in components),
        "without_quota": sum(each.amount for each in components if not each.quota),
        "components": len(components),
        "measure": str(sum((Decimal(each.measure) for each in told), Decimal(0))),
        "quota": str(sum((Decimal(each.quota or 0) for each in told), Decimal(0))),
        "reset": reset,
        "window_ends": all(_ends(each) for each in told),
    }


def _ends(earning: ComponentEarning) -> bool:
    """Whether the window of its quota ends with the fiscal period that it is paid for."""
    if earning.reset is None or earning.fiscal is None:
        return True
    return earning.reset != "never" and (earning.fiscal + 1) % PERIODS_IN[earning.reset] == 0


def earnings_frame(rows: Sequence[tuple[tuple[str, Month], Mapping[str, Any], Roles]]) -> Observed:
    """The frame of participants' months on a plan: who and when, what `observed_earnings` gives, and what the roster
    says of the participant.
    """
    told = [_of_earnings(month, row, roles=roles) for (_, month), row, roles in rows]
    schema = columns_of("earnings")
    columns = {name: [each[name] for each in told] for name in schema}
    persons = pl.Series(PERSON, [_group(participant) for (participant, _), _, _ in rows], dtype=pl.Int64())
    return _frame(schema, columns, currencies=[row["currency"] for _, row, _ in rows]).with_columns(persons)


def _group(participant: str) -> int:
    # Not who it is: groups are few, so that sums stay small, and tell apart as many people as it has to.
    return crc32(participant.encode()) % GROUPS


def _of_earnings(month: Month, row: Mapping[str, Any], *, roles: Roles) -> dict[str, Any]:
    first, currency = first_day(month), row["currency"]
    measure, quota, since = Decimal(row["measure"]), Decimal(row["quota"]), roles.get("since")
    return {
        "period": first,
        "plan": row["plan"],
        "territory": roles.get("territory"),
        "position": roles.get("position"),
        "amount": _major(row["amount"], currency),
        "amount_without_quota": _major(row["without_quota"], currency),
        "measure": _rounded(measure),
        "quota": _rounded(quota),
        "attainment": _rounded(measure / quota) if quota > 0 else None,
        "components": row["components"],
        "reset": row["reset"],
        "window_ends": row["window_ends"],
        "months_on_roster": None if since is None else month_number(first) - month_number(date.fromisoformat(since)),
    }


def runs_frame(runs: Sequence[Mapping[str, Any]]) -> Observed:
    """The frame of payout runs, a row for each currency; what is counted by run stands with its first currency."""
    schema = columns_of("runs")
    rows = [_of_run(run, place) for run in runs for place in range(max(len(run["amounts"]), 1))]
    currencies = [amounts["currency"] for run in runs for amounts in run["amounts"] or [{"currency": ""}]]
    return _frame(schema, {name: [row[name] for row in rows] for name in schema}, currencies=currencies)


def _of_run(run: Mapping[str, Any], place: int) -> dict[str, Any]:
    amounts = run["amounts"][place] if run["amounts"] else {}
    counts = ("statements", "adjustments", "corrections", "clawbacks")
    return {
        "date": date.fromisoformat(run["ends"]),
        **{name: run[name] for name in ("pay_group", "kind", "state")},
        **{name: 0 if place else run[name] for name in counts},
        "participants": amounts.get("participants", 0),
        **{
            name: _major(amounts.get(name) or 0, amounts.get("currency", ""))
            for name in ("paid", "adjusted", "corrected", "clawed_back", "earned", "cost")
        },
    }


def _frame(schema: Mapping[str, pl.DataType], columns: Mapping[str, list[Any]], *, currencies: list[str]) -> Observed:
    made = [pl.Series(name, columns[name], dtype=kind) for name, kind in schema.items()]
    return pl.DataFrame([*made, pl.Series(CURRENCY, currencies, dtype=pl.String())])


def _amounts(facts: Facts, currency: str) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Amount, list price and refunds in major units. All or nothing: revenue without its refunds, or a list price
    without a net one, would be a wrong figure. Crediting reports its problem.
    """
    amount, listed = value_of(facts, "amount"), value_of(facts, "list_amount")
    if amount is None:
        return None, None, None
    try:
        digits = minor_digits(currency)
        refunds = [_exact(fact[0]["amount"], digits) for path, fact in facts.items() if path[:8] == REFUND and fact[0]]
        return _exact(amount, digits), None if listed is None else _exact(listed, digits), sum(refunds, Decimal(0))
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None, None, None


def _exact(amount: Any, digits: int) -> Decimal:
    number = Decimal(amount)
    if not number.is_finite() or abs(number) >= _MOST or number != round(number, digits):
        raise ValueError("an amount that cannot be represented")
    return number


def _major(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-minor_digits(currency)) if minor else Decimal(0)


def _participants(facts: Facts) -> int:
    splits = value_of(facts, "splits")
    if isinstance(splits, dict) and splits:
        return len(splits)
    return int(value_of(facts, "owner") is not None)


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(value)
    except (ArithmeticError, TypeError, ValueError):
        return None
    return number if number.is_finite() and abs(number) < _MOST else None


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.000001"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _day(value: Any) -> date | None:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return day if 1900 <= day.year <= 2199 else None
