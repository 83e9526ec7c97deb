"""The benchmark's plan pays the same to the cent however it is calculated; otherwise its ratios would say nothing."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.plan import earnings, plans, write_deals
from benchmarks.plan_sql import earnings_in_sql
from benchmarks.rules_engine import rates


def test_six_kinds_of_components_pay_the_same_as_the_plan_written_by_hand_in_sql(tmp_path: Path) -> None:
    source = tmp_path / "deals.parquet"
    write_deals(source, 9_000, 90)
    ours = earnings(source, 90)
    assert ours.equals(earnings_in_sql(source))
    assert ours.filter(pl.col("amount") != 0)["component"].n_unique() == 6


def test_the_rate_table_pays_every_deal_as_a_decision_table_does(tmp_path: Path) -> None:
    write_deals(tmp_path / "deals.parquet", 2_000, 10)
    assert rates(pl.read_parquet(tmp_path / "deals.parquet")["amount"], next(iter(plans())), 2_000).same
