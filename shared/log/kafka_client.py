"""What kafka-python's clients do not do by themselves: they stop where they could not begin, and a join that has begun
goes on to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka.errors import KafkaTimeoutError
from kafka.net.compat import KafkaNetClient


@contextmanager
def closing_on_failure() -> Iterator[Callable[..., Any]]:
    """The `kafka_client` of a consumer: its thread ends where an error leaves this context. A consumer that reaches no
    broker raises, and its thread goes on trying for as long as the process lives.
    """
    made: list[Any] = []

    def client(**settings: Any) -> Any:
        made.append(KafkaNetClient(**settings))
        return made[-1]

    try:
        yield client
    except BaseException:
        for each in made:
            each.close()
        raise


def lasting_joins(consumer: Any) -> None:
    """Let the consumer's own thread lead each join of its group to the end, whether or not somebody polls meanwhile.

    kafka-python (3.0) waits for a join as long as a poll lasts, and begins another one where the broker has answered
    between two polls. What it was assigned is lost; and where it is the one who deals out the partitions, all others
    have to join again as well. A worker that polls shortly beside long batches never came to an end of that.
    """
    coordinator = consumer._coordinator
    join, manager = coordinator.join_group_async, coordinator._manager
    joining: Any = None

    async def to_the_end() -> bool:
        try:
            return bool(await join())
        except BaseException:
            coordinator.request_rejoin()  # so that the next poll comes here and hears of it
            raise

    async def join_group_async(timeout_ms: float | None = None) -> bool:
        nonlocal joining
        if joining is None:
            joining = manager.call_soon(to_the_end)
        try:
            return bool(await manager.wait_for(joining, timeout_ms))
        except KafkaTimeoutError:
            return False
        finally:
            if joining.is_done:
                joining = None

    coordinator.join_group_async = join_group_async
