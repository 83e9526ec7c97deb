"""The order of rows, the division into batches and the number of threads change not one byte of what is paid."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kernel import Plan, PlanSet, credit, earn, explain, measure, summed
from shared.kernel.crediting.deals import values_table
from shared.kernel.tables import CREDITS
from tests.shared.kernel.language_facts import deals, rosters
from tests.shared.kernel.language_worlds import plans
from tests.shared.kernel.test_kernel_against_the_oracle import roster_of
from tests.shared.kernel.test_language_against_the_oracle import World, world

some = settings(max_examples=1000 if os.environ.get("EARNEST_TEST_LONG") == "1" else 12, deadline=None)
seeds = given(st.integers(0, 2**32 - 1))
_ROWS = 5000


def told(found: World, batches: int = 1, random: Random | None = None) -> bytes:
    """Credits, earnings and lines of a world as text, in one order; its rows shuffled first, its deals credited in
    batches.
    """
    facts, changes, versions = sorted(found[0].items()), list(found[1]), found[2]
    if random is not None:
        random.shuffle(facts)
        random.shuffle(changes)
    plan_set, roster = PlanSet(Plan.model_validate(v) for v in versions), roster_of(changes)
    parts = [facts[number::batches] for number in range(batches)]
    tables = [values_table(part, plan_set.deal_columns) for part in parts]
    credits = pl.concat([credit(table, roster, plans=plan_set).credits for table in tables])
    if random is not None:
        credits = credits.sample(fraction=1, shuffle=True, seed=random.randrange(2**32))
    earned = earn(measure(summed(credits, plan_set), plan_set), roster, plans=plan_set)
    lines = explain(credits, roster, plans=plan_set, earnings=earned).lines
    return "\n".join(
        table.sort(pl.all()).write_csv() for table in (credits.select(CREDITS.names()), earned, lines)
    ).encode()


@some
@seeds
def test_a_permutation_of_rows_gives_the_same_bytes(seed: int) -> None:
    assert told(world(seed), random=Random(seed)) == told(world(seed))


@some
@seeds
def test_any_split_of_the_deals_into_batches_gives_the_same_bytes(seed: int) -> None:
    assert told(world(seed), batches=Random(seed).randint(2, 6)) == told(world(seed))


def large(seed: int) -> World:
    """A world with so many deals that threads share the work."""
    random = Random(seed)
    several = [deals().of(random) for _ in range(_ROWS // 10)]
    facts = {f"{number}-{name}": deal for number, found in enumerate(several) for name, deal in found.items()}
    return facts, rosters().of(random), plans().of(random)


def digest(seed: int) -> str:
    """A hash of everything that a large world pays."""
    return hashlib.sha256(told(large(seed))).hexdigest()


@pytest.mark.parametrize("seed", [33])
def test_one_thread_and_several_give_the_same_bytes(seed: int) -> None:
    script = f"from tests.shared.kernel.test_same_bytes import digest; print(digest({seed}))"
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "POLARS_MAX_THREADS": threads, "PYTHONPATH": "."},
            cwd=Path(__file__).parents[3],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for threads in ("1", "4")
    }
    assert len(found) == 1
