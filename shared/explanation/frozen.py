"""Explanations of a month kept as bytes: numbers for everyone at once, sentences when somebody reads them.

A detail is JSON and stands by itself: the published earnings of one participant and month, their lines and slices, what
longer windows paid before, and the plan versions they are under. So it is told the same however facts and plans go on.
Columns are lists, because a detail is written a hundred times for each time it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, cast

import orjson
import polars as pl

from shared.explanation.model import Part
from shared.explanation.parts import parts_of_lines, windows
from shared.explanation.sentences import LIMITS
from shared.kernel import Explained, Plan, PlanSet
from shared.kernel.arithmetic.running_sums import begins
from shared.kernel.components import Component
from shared.kernel.tables import BY_TIER, EARNINGS, LINES, NUMBER, SLICES
from shared.money import from_minor
from shared.periods import Month

FORM: Final = 2
"""The form of a detail, which is written into it."""

_WHO: Final = ["participant_id", "period"]
_KEY: Final = ["plan", "version", "component"]
_EARNED: Final = [*(name for name in EARNINGS if name not in _WHO), "paid_before"]
_LINE: Final = [name for name in LINES if name not in (*_WHO, "currency")]
_SLICE: Final = [name for name in SLICES if name not in _WHO]


def details(explained: Explained, earned: pl.DataFrame, *, plans: PlanSet, period: Month) -> pl.DataFrame:
    """participant_id and `detail` (binary) of everyone with `EARNINGS` in the period.

    Args:
        explained: lines and slices of the period, and of earlier ones where plans sum over longer windows.
        earned: the earnings as published.
        plans: the versions they are under.
        period: the month to keep.
    """
    now = earned.filter(pl.col("period") == period)
    rows = (
        now.with_columns(_places(now, plans))
        .join(_carried(explained, plans, period=period), on=["participant_id", *_KEY], how="left")
        .with_columns(pl.col("paid_before").fill_null(0))
        .sort("participant_id", "place", *_KEY, "fiscal")
    )
    lines, slices = (table.filter(pl.col("period") == period) for table in explained)
    lines = lines.sort("participant_id", *_KEY, "line")
    slices = slices.sort("participant_id", *_KEY, "line", *BY_TIER)
    # JSON numbers are floats for many who read them; 128-bit integers go as text.
    slices = slices.with_columns(pl.col("credited").cast(pl.String))
    # What formulas came to is there for plans that have some; a company without any keeps no column of nothing.
    of_lines = _LINE if lines["values"].null_count() < lines.height else [name for name in _LINE if name != "values"]
    return (
        _columns(rows, _EARNED, called="earnings")
        .join(_documents(now, plans), on="participant_id")
        .join(_columns(lines, of_lines, called="lines"), on="participant_id", how="left")
        .join(_columns(slices, _SLICE, called="slices"), on="participant_id", how="left")
        .with_columns(pl.col("lines", "slices").fill_null("{}"))
        .select(
            "participant_id",
            detail=pl.concat_str(
                pl.lit(f'{{"form":{FORM},"period":"{period}","participant_id":"'),
                # JSON is put together as text: a detail per participant of a whole company, of which building objects
                # would be most of the time.
                "participant_id",  # an identifier, which needs no escaping
                pl.lit('","earnings":'),
                "earnings",
                pl.lit(',"lines":'),
                "lines",
                pl.lit(',"slices":'),
                "slices",
                pl.lit(',"plans":{'),
                "plans",
                pl.lit("}}"),
            ).cast(pl.Binary),
        )
    )


def _places(earned: pl.DataFrame, plans: PlanSet) -> pl.Series:
    """Where the component of each earning stands in its plan; what its plan does not have, its limits, comes last."""
    order = {
        (plan.plan, plan.version, component.component): number
        for plan in plans
        for number, component in enumerate(plan.components)
    }
    return pl.Series("place", [order.get(key, len(order)) for key in earned.select(_KEY).iter_rows()], dtype=pl.Int64)


def nothing(participant_id: str, period: Month) -> bytes:
    """The detail of somebody who earns nothing in the period."""
    return orjson.dumps({"form": FORM, "period": period, "participant_id": participant_id})


def components_of(detail: bytes | Mapping[str, Any]) -> Iterator[tuple[str, list[Part]]]:
    """The components of a detail in the order of their plans, each with its parts told in numbers and sentences.

    Raises:
        ValueError: the detail has another form than this version of Earnest reads.
    """
    said: Mapping[str, Any] = orjson.loads(detail) if isinstance(detail, bytes) else detail
    if said.get("form") != FORM:
        raise ValueError("a detail of a form that is not known here")
    if "earnings" not in said:
        return
    period, participant = said["period"], said["participant_id"]
    plans = PlanSet(_plan(orjson.dumps(document)) for document in said["plans"].values())
    earned = _table(said["earnings"], EARNINGS, participant=participant, period=period)
    currencies = {(plan.plan, plan.version): plan.currency for plan in plans}
    lines = _table(said["lines"], LINES, participant=participant, period=period)
    currency = [currencies[key] for key in lines.select("plan", "version").iter_rows()]
    lines = lines.with_columns(pl.Series("currency", currency, dtype=pl.String))
    explained = Explained(lines, _table(said["slices"], SLICES, participant=participant, period=period))
    before: dict[str, dict[tuple[str, int], Decimal]] = {}
    columns = ("component", "plan", "version", "currency", "paid_before")
    for component, plan, version, money, paid in zip(*(said["earnings"][name] for name in columns), strict=True):
        before.setdefault(component, {})[plan, version] = from_minor(paid, money)
    for component, carried_in in before.items():
        yield (
            component,
            parts_of_lines(explained, earned, plans=plans, component=component, period=period, carried=carried_in),
        )


@lru_cache(maxsize=256)
def _plan(document: bytes) -> Plan:
    return Plan.model_validate(orjson.loads(document))


def _table(columns: Mapping[str, list[Any]], schema: pl.Schema, *, participant: str, period: Month) -> pl.DataFrame:
    height = len(next(iter(columns.values()), []))
    given: dict[str, list[Any]] = {"participant_id": [participant] * height, "period": [period] * height, **columns}
    none = [None] * height
    return pl.DataFrame(
        [_series(name, given.get(name, none), kind=kind) for name, kind in schema.items()],
    )


def _series(name: str, values: list[Any], *, kind: pl.DataType) -> pl.Series:
    if kind == pl.Date:
        return pl.Series(name, values, dtype=pl.String).str.to_date()
    if kind == NUMBER:
        return pl.Series(name, values, dtype=pl.String).cast(NUMBER)
    if kind == pl.Int128:  # written as text (`details`)
        values = [None if value is None else int(value) for value in values]
    return pl.Series(name, values, dtype=kind)


def _columns(rows: pl.DataFrame, names: list[str], *, called: str) -> pl.DataFrame:
    """Per participant one JSON object: the name of each column, and the list of its values in the order of the rows."""
    together = rows.group_by("participant_id", maintain_order=True).agg(names)
    return together.select("participant_id", pl.struct(names).struct.json_encode().alias(called))


def _documents(earned: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """Per participant the members of a JSON object: the plan versions of their earnings, by their names."""
    documents = {key: f'"{plan.key}":{orjson.dumps(plan.document()).decode()}' for key, plan in plans.plans.items()}
    keys = earned.select("participant_id", "plan", "version").unique().sort("participant_id", "plan", "version")
    texts = pl.DataFrame(
        [(*key, text) for key, text in documents.items()],
        schema={"plan": pl.String, "version": pl.Int64, "plans": pl.String},
        orient="row",
    )
    named = keys.join(texts, on=["plan", "version"], how="left", maintain_order="left")
    return named.group_by("participant_id", maintain_order=True).agg(pl.col("plans").str.join(","))


def _carried(explained: Explained, plans: PlanSet, *, period: Month) -> pl.DataFrame:
    """What each window that the period goes on with paid before it."""
    keys = {name: EARNINGS[name] for name in ("participant_id", *_KEY)}
    # Lines of the month alone carry nothing in, and are most of all: then no window is worked out.
    windows_paid = [pl.DataFrame(schema={**keys, "paid_before": pl.Int64()})]
    until = Explained(*(table.filter(pl.col("period") <= period) for table in explained))
    if (until.lines["period"] == period).all():
        return windows_paid[0]
    for (plan_id, version, name), lines in until.lines.group_by(_KEY):
        plan = plans.plans[str(plan_id), cast(int, version)]
        component = next((component for component in plan.components if component.component == name), None)
        before = _before(lines.sort(*_WHO, "line"), plan, component=component, period=period)
        windows_paid.append(before.select(windows_paid[0].columns))
    return pl.concat(windows_paid)


def _before(lines: pl.DataFrame, plan: Plan, *, component: Component | None, period: Month) -> pl.DataFrame:
    """What the window in which a component's first line of the period stands has paid until then."""
    lines = lines.with_columns(window=windows(lines, plan, component=component, by=[*_WHO, "fiscal"]))
    run = begins(lines, [pl.col("participant_id"), pl.col("window")]).cast(pl.Int64).cum_sum()
    lines = lines.with_columns(run.alias("run"))
    goes_on = lines.filter(pl.col("period") == period).group_by("participant_id").agg(pl.col("run").first())
    earlier = lines.filter(pl.col("period") < period).join(goes_on, on=["participant_id", "run"], how="semi")
    # What a limit took away is not taken from what the walk goes on from.
    paid = earlier.filter(~pl.col("rule").is_in(LIMITS)).group_by("participant_id", *_KEY)
    return (
        earlier.select("participant_id", *_KEY)
        .unique()
        .join(paid.agg(paid_before=pl.col("amount").sum()), on=["participant_id", *_KEY], how="left")
    )
