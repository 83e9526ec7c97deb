"""Places are shared fairly: nobody waits for more than their share of another's requests, and no place is ever lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.admission.places import Places
from shared.problems import Busy, Unavailable

CLIENTS = st.sampled_from("abc")


class Room:
    """Places, and requests that have one until they are told to end."""

    def __init__(self, number: int, *, waiting_of_one: int = 100, seconds: float = 60) -> None:
        self.places = Places(number, waiting_of_one=waiting_of_one, seconds=seconds)
        self.working: list[tuple[str, int]] = []
        self.ends: dict[tuple[str, int], asyncio.Event] = {}
        self.tasks: dict[tuple[str, int], asyncio.Task[None]] = {}

    async def ask(self, client: str) -> tuple[str, int]:
        """Begin a request, and let it come as far as it does."""
        name = (client, len(self.tasks))
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._work(name))
        await settled()
        return name

    async def end(self, name: tuple[str, int]) -> None:
        self.ends[name].set()
        await self.tasks[name]
        await settled()

    async def _work(self, name: tuple[str, int]) -> None:
        async with self.places.place(name[0]):
            self.working.append(name)
            await self.ends[name].wait()
            self.working.remove(name)


async def settled() -> None:
    """Every task has gone on for as long as it could."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_client_has_half_of_the_places_at_most_and_there_is_one_for_the_next() -> None:
    async def play() -> None:
        room = Room(4)
        for client in "aaaaab":
            await room.ask(client)
        assert [client for client, _ in room.working] == ["a", "a", "b"]
        await end_all(room)

    asyncio.run(play())


def test_who_has_fewest_is_next_though_others_came_before() -> None:
    async def play() -> None:
        room = Room(2)
        first, _ = await room.ask("a"), await room.ask("b")
        for client in "bbac":
            await room.ask(client)
        await room.end(first)
        # Of b one is worked on; of a and c none, and a came before.
        assert [client for client, _ in room.working] == ["b", "a"]
        await end_all(room)

    asyncio.run(play())


def test_of_a_client_only_so_many_wait_and_others_still_do() -> None:
    async def play() -> None:
        room = Room(2, waiting_of_one=1)
        for client in "aa":
            await room.ask(client)
        with pytest.raises(Busy):
            async with room.places.place("a"):
                pass
        await room.ask("b")
        assert [client for client, _ in room.working] == ["a", "b"]
        await end_all(room)

    asyncio.run(play())


def test_who_waits_in_vain_is_told_when_to_come_back() -> None:
    async def play() -> None:
        room = Room(2, seconds=0.01)
        await room.ask("a")
        with pytest.raises(Unavailable) as refused:
            async with room.places.place("a"):
                pass
        assert refused.value.headers == {"retry-after": "5"}
        await end_all(room)

    asyncio.run(play())


@given(number=st.integers(1, 6), steps=st.lists(st.tuples(st.sampled_from(["ask", "end", "hang up"]), CLIENTS)))
def test_whoever_asks_ends_or_hangs_up_no_place_is_lost_and_none_is_given_twice(
    number: int, steps: list[tuple[str, str]]
) -> None:
    async def play() -> None:
        room = Room(number)
        for step, client in steps:
            own = [name for name in room.tasks if name[0] == client and not room.tasks[name].done()]
            if step == "ask":
                await room.ask(client)
            elif own and step == "end" and own[0] in room.working:
                await room.end(own[0])
            elif own and step == "hang up":
                room.tasks[own[-1]].cancel()
                if own[-1] in room.working:
                    room.working.remove(own[-1])
                await settled()
            taken = Counter(name for name, _ in room.working)
            waiting = Counter(
                name[0] for name, task in room.tasks.items() if not task.done() and name not in room.working
            )
            of_one = max(1, number // 2)
            assert taken.total() <= number
            assert all(some <= of_one for some in taken.values())
            # Nobody waits who could have a place.
            assert taken.total() == number or all(taken[name] == of_one for name in waiting)
        await end_all(room)
        async with AsyncExitStack() as held:  # they are all there
            for each in range(number):
                await held.enter_async_context(room.places.place(f"new {each}"))

    asyncio.run(play())


async def end_all(room: Room) -> None:
    for end in room.ends.values():
        end.set()
    await asyncio.gather(*room.tasks.values(), return_exceptions=True)
