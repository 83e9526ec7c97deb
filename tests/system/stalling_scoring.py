"""The scoring service with stalls between reading a batch and its transaction, as a busy or frozen machine has them.

With UNFENCED=1 the comparison of positions is taken out as well: what happens then is what the comparison is for.
"""

import os
import random
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from services.scoring.__main__ import main
from shared.log import positions
from shared.log.port import Consumer, Stored
from shared.log.worker import Worker

_finish = Worker._finish
_move = positions.move
_rng = random.Random(os.environ["STALLS"])


def stall(self: Worker, consumer: Consumer, batch: Sequence[Stored]) -> None:
    """Now and then, wait long enough for another member to take over in between."""
    if _rng.random() < 0.3:
        time.sleep(_rng.uniform(0.2, float(os.environ["STALL_SECONDS"])))
    _finish(self, consumer, batch)


def move_anyway(connection: Connection, worker: str, before: Any, after: Any) -> None:
    """Move the positions whatever they are."""
    try:
        with connection.begin_nested():
            _move(connection, worker, before=before, after=after)
    except positions.PositionConflict:
        held = positions.load(connection, worker, partitions=dict.fromkeys(after, 0))
        _move(connection, worker, before=held, after=after)


Worker._finish = stall  # type: ignore[method-assign]
if os.environ.get("UNFENCED") == "1":
    positions.move = move_anyway

if __name__ == "__main__":
    main()
