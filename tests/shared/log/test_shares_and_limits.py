"""How a batch is shared among partitions, and when a worker has set aside too much."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.log.port import Partition
from shared.log.store import share
from shared.log.tally import ENOUGH, WINDOW, DeadLetterLimits, Tally

backlogs = st.dictionaries(st.builds(Partition, st.just("t"), st.integers(0, 20)), st.integers(0, 1000))


@given(backlogs, st.integers(1, 600))
def test_a_batch_is_as_large_as_it_can_be_and_takes_no_more_than_waits(
    waiting: dict[Partition, int], limit: int
) -> None:
    shares = share(waiting, limit)
    assert sum(shares.values()) == min(limit, sum(waiting.values()))
    assert all(0 < number <= waiting[partition] for partition, number in shares.items())


@given(backlogs, st.integers(1, 600))
def test_a_partition_gets_less_than_another_only_when_it_has_no_more(waiting: dict[Partition, int], limit: int) -> None:
    shares = share(waiting, limit)
    most = max(shares.values(), default=0)
    assert all(shares.get(partition, 0) in (most, most - 1, number) for partition, number in waiting.items())


@given(st.lists(st.lists(st.booleans(), max_size=50), max_size=20))
def test_a_run_is_what_failed_since_the_last_success(batches: list[list[bool]]) -> None:
    tally = Tally()
    for batch in batches:
        tally = tally.plus(batch)
    fates = [fate for batch in batches for fate in batch]
    run = 0
    while run < len(fates) and fates[-1 - run]:
        run += 1
    assert tally.run == run


@given(st.lists(st.booleans(), min_size=1, max_size=3000))
def test_a_tally_forgets_what_is_long_ago(fates: list[bool]) -> None:
    tally = Tally()
    for fate in fates:
        tally = tally.plus([fate])
    assert tally.seen < WINDOW
    assert tally.dead <= tally.seen


def test_limits_hold_for_runs_at_once_and_for_ratios_once_there_is_enough() -> None:
    limits = DeadLetterLimits(ratio=0.5, consecutive=3)
    assert not Tally().plus([True] * 3).exceeds(limits)
    assert Tally().plus([True] * 4).exceeds(limits)
    assert not Tally().plus([True, True, False] * (ENOUGH // 3)).exceeds(limits)
    assert Tally().plus([True, True, False] * (ENOUGH // 3 + 1)).exceeds(limits)
