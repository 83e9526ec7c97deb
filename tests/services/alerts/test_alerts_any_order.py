"""Counting deals, earnings and the roster in any order, again and again: the same sums."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from services.alerts.kpis import Catalogue, WatchedKpi
from services.alerts.kpis.sums import sums_of
from services.alerts.rollups import store
from services.alerts.rollups.contributions import Cell
from shared.log.port import Stored
from shared.log.step import Outcome

Count = Callable[[Sequence[Stored]], Outcome]
Make = Callable[..., Stored]

MORNING = "2025-03-14T08:00:00.000000Z"
NOON = "2025-03-14T12:00:00.000000Z"
EVENING = "2025-03-14T23:30:00.000000Z"


@pytest.fixture
def catalogue(catalogue: Catalogue) -> Catalogue:
    """Three KPIs and a statistic, so that one sees all of their sums."""
    names = ("average_discount", "comp_cost_of_sales", "win_rate", "attainment_median")
    kpis = [catalogue.by_name[name].kpi for name in names]
    return Catalogue(watched=tuple(WatchedKpi(kpi, sums_of(kpi, {})) for kpi in kpis))


def cells(engine: Engine) -> dict[Cell, Any]:
    """All cells with something in them."""
    with engine.connect() as connection:
        held = store.cells(connection, date(2020, 1, 1), last=date(2030, 12, 31))
        return {cell: sums for cell, sums in held if sums}


FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.sampled_from(["open", "won", "lost", "cancelled", None]),
        "amount": st.sampled_from(["10.00", "20.50", "7.001", "ten", None]),
        "list_amount": st.sampled_from(["30.00", None]),
        "currency": st.sampled_from(["USD", "JPY", None]),
        "close_date": st.sampled_from(["2025-03-14", "2025-04-01", "soon", None]),
        "refunds.a": st.sampled_from([{"amount": "1.00", "date": "2025-04-01"}, {}, None]),
        "owner": st.sampled_from(["ada", "bob", "crm-1", None]),
        "splits": st.sampled_from([{"ada": "60", "bob": "40"}, None]),
        "product": st.sampled_from(["P1", "P2", None]),
    },
)
PATCHES = st.lists(
    st.tuples(st.sampled_from(["d1", "d2"]), st.sampled_from([MORNING, NOON, EVENING]), st.integers(0, 2), FIELDS),
    max_size=12,
)
EARNED = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob"]),
        st.sampled_from(["2025-03", "2025-04"]),
        st.lists(
            st.tuples(
                st.integers(-(10**12), 10**12),
                st.integers(0, 10**12),
                st.one_of(st.none(), st.integers(0, 10**12)),
                st.sampled_from(["USD", "EUR"]),
            ),
            max_size=3,
        ),
    ),
    max_size=8,
)


ASSIGNED = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob"]),
        st.sampled_from(["2025-01-01", "2025-03-20"]),
        st.sampled_from([MORNING, NOON, EVENING]),
        st.fixed_dictionaries(
            {},
            optional={
                "plan": st.sampled_from(["rep", "senior", None]),
                "manager": st.sampled_from(["cleo", "dan", None]),
                "alias__crm": st.sampled_from(["crm-1", None]),
            },
        ),
    ),
    max_size=6,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    patches=PATCHES, earnings=EARNED, roster=ASSIGNED, order=st.randoms(use_true_random=False), size=st.integers(1, 7)
)
def test_any_order_repetition_and_batching_gives_the_same_sums(
    count: Count,
    deal: Make,
    earned: Make,
    assigned: Make,
    alerts_engine: Engine,
    patches: list[tuple[str, str, int, dict[str, Any]]],
    earnings: list[tuple[str, str, list[tuple[int, int, int | None, str]]]],
    roster: list[tuple[str, str, str, dict[str, Any]]],
    order: random.Random,
    size: int,
) -> None:
    records = [deal(deal_id, at, sequence, **fields) for deal_id, at, sequence, fields in patches]
    records += [earned(who, period, number, *parts) for number, (who, period, parts) in enumerate(earnings)]
    records += [assigned(who, since, at=at, **said) for who, since, at, said in roster]

    def sums_of(batches: Sequence[Sequence[Stored]]) -> tuple[dict[Cell, Any], str | None]:
        with alerts_engine.begin() as connection:
            store.forget_counts(connection)
        for batch in batches:
            assert not count(batch).rejections
        with alerts_engine.connect() as connection:
            return cells(alerts_engine), store.latest(connection)

    shuffled = records + [record for record in records if order.random() < 0.5]
    order.shuffle(shuffled)
    one_by_one = sums_of([[record] for record in records])
    assert sums_of([shuffled[at : at + size] for at in range(0, len(shuffled), size)]) == one_by_one
