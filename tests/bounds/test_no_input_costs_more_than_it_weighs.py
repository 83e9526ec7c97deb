"""No input costs more than it weighs: whatever is read, processor and memory grow with its bytes and not faster.

Each reader is given bytes that are made to be hard, and measured beside what an honest sender writes: bounds are those
of this machine and of its load. `EARNEST_FUZZ_SECONDS` is how long each reader is tried.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from typing import Final

import pytest

from shared.bounded import BoundedProcess, Exceeded
from tests.bounds.costly import inputs, shapes
from tests.bounds.measuring import Cost, cost_of
from tests.bounds.readers import READERS

SECONDS: Final = float(os.environ.get("EARNEST_FUZZ_SECONDS", "1"))
SEED: Final = os.environ.get("EARNEST_TEST_SEED", "1")
SIZE: Final = 20_000
"""Bytes of an input: enough for what grows with their square to stand out, and little enough to try many."""
TIMES: Final = 12
"""How many times more than an honest sender's a byte may cost."""
LEAST_SECONDS, LEAST_SECONDS_PER_BYTE = 0.5, 20e-6
"""Of a processor, whatever is read: what the reader takes for anything at all, and for YAML that says nothing."""
LEAST_BYTES, LEAST_BYTES_PER_BYTE = 30_000_000, 600
"""Of memory: a row of a spreadsheet is a few bytes, and becomes an event."""


@pytest.fixture(scope="module")
def apart() -> Iterator[BoundedProcess]:
    found = BoundedProcess(30, 600)
    yield found
    found.close()


def beyond(cost: Cost, honest: Cost, *, size: int, weighs: int) -> str | None:
    """Why an input of so many bytes costs too much; None where it does not."""
    seconds = LEAST_SECONDS + weighs * max(LEAST_SECONDS_PER_BYTE, TIMES * honest.seconds / size)
    memory = LEAST_BYTES + weighs * max(LEAST_BYTES_PER_BYTE, TIMES * honest.memory // size)
    if cost.error is not None:
        return cost.error
    if cost.seconds > seconds:
        return f"it took {cost.seconds:.2f} seconds, and {seconds:.2f} are what it weighs"
    if cost.memory > memory:
        return f"it took {cost.memory:,} bytes of memory, and {memory:,} are what it weighs"
    return None


@pytest.mark.parametrize("name", READERS)
def test_what_an_honest_sender_writes_is_taken(name: str) -> None:
    assert READERS[name].read(READERS[name].honest(2_000)) == 0


@pytest.mark.parametrize("name", READERS)
def test_no_input_costs_more_than_it_weighs(name: str, apart: BoundedProcess) -> None:
    reader = READERS[name]
    apart.run(cost_of, name, reader.honest(1))  # what is done once, at the first input, is nobody's
    content = reader.honest(SIZE)
    honest = apart.run(cost_of, name, content)
    spent, found = 0.0, list[str]()
    for given in chain(shapes(SIZE), inputs(reader.honest(1_500), SIZE, seed=f"{SEED} {name}")):
        try:
            cost = apart.run(cost_of, name, given)
        except Exceeded as error:
            cost = Cost(30, 30, 0, str(error))
        if why := beyond(cost, honest, size=len(content), weighs=len(given)):
            found.append(f"{given[:60]!r}…{given[len(given) // 2 :][:60]!r}, {len(given):,} bytes: {why}")
        spent += cost.in_all
        if spent > SECONDS:
            break
    assert found == []


def squares(content: bytes) -> int:
    """A reader whose work grows with the square of what it is given."""
    return sum(content.count(content[:place]) for place in range(0, len(content), 8))
