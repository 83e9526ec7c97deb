"""Publishing plan versions: one process at a time, and a published version never changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import orjson

from shared.contracts.topics import PLANS
from shared.kernel.plan import Plan
from shared.log.port import Log, Record
from shared.problems import Conflict


class PlanPublishedAlready(Conflict):
    """The version is published with other content."""

    type = "plan-version-published"
    title = "The plan version is published with other content"


class Published:
    """The plan versions in the log. They are read for each publication: they are few."""

    def __init__(self, log: Log, alone: Callable[[], AbstractContextManager[object]]) -> None:
        """`alone` keeps other publishers out, in every process: what was read must still be so when the log is written."""
        self._log, self._alone = log, alone

    def publish(self, records: Sequence[Record]) -> None:
        """Append the versions that are new; the same content again is harmless.

        Raises:
            PlanPublishedAlready: one of them would change a published version; nothing was published.
            LogUnavailable: the log cannot be read or written.
        """
        with self._alone():
            known = {stored.record.key: _plan(stored.record) for stored in self._log.scan(PLANS)}
            new: list[Record] = []
            for record in records:
                plan = _plan(record)
                if record.key not in known:
                    new.append(record)
                elif known[record.key] != plan:
                    raise PlanPublishedAlready(f"{record.key} is published with other content; publish a new version")
                known[record.key] = plan
            if new:
                self._log.append(PLANS, new)


def _plan(record: Record) -> dict[str, Any]:
    """The plan with every default filled in, so that versions of Earnest do not matter."""
    return Plan.model_validate(orjson.loads(record.value or b"{}")["document"]).document()
