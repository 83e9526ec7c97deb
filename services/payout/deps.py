"""What routes of payout depend on beyond what every service has (`shared.deps`): what scoring knows, the business date,
the callers.

A route takes what it needs in its signature: `EngineDep` for changes, `SnapshotDep` to read what belongs together,
`ClockDep` for the instant, and `Deps` where it hands all of that on to the service of its feature. It opens its
connection itself, in a `with`, for two reasons: what it changes is committed before anybody is told so, and a request
never waits for a thread while it holds a connection (there are more threads than connections, so requests that did
would wait for each other).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy import Engine

from services.payout.known_hosts import listed_hosts
from services.payout.scoring_client import LineSource
from shared.access import Forbidden, Principal, fresh, require
from shared.access.callers import Callers
from shared.bounded import Calculating, directly
from shared.deps import Clock, provided
from shared.log.port import Log
from shared.pay.deal_facts import DealSource
from shared.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the services of features are given: `engine` for changes, one transaction each; `snapshot` to read what
    belongs together; `now` for the instant; `lines` and `deals` for what scoring knows; `log` to publish in;
    `calculating` for what people wrote.
    """

    settings: Settings
    engine: Engine
    snapshot: Engine
    now: Clock
    lines: LineSource
    deals: DealSource
    log: Log
    calculating: Calculating = directly

    def today(self) -> date:
        """The business date: that of the company's time zone, whichever the machine is in."""
        return self.now().astimezone(self.settings.zone).date()

    def hosts(self, names: Collection[str]) -> Collection[str]:
        """Those of the hosts to which the installation delivers payroll files."""
        return listed_hosts(self.settings.deliveries_dir, names)


async def _callers(request: Request) -> Callers:
    return cast(Callers, request.app.state.callers)


Deps = Annotated[Dependencies, Depends(provided(Dependencies))]
CallersDep = Annotated[Callers, Depends(_callers)]

SettingsReader = Annotated[Principal, Depends(require("earnings:read", about="nothing"))]
ParticipantReader = Annotated[Principal, Depends(require("earnings:read", about="participant"))]
EarningsReader = Annotated[Principal, Depends(require("earnings:read", about="many"))]
BooksReader = Annotated[Principal, Depends(require("earnings:read", about="everybody"))]
GlReader = Annotated[Principal, Depends(require("gl:read", about="many"))]
TermsWriter = Annotated[Principal, Depends(require("terms:write", about="nothing"))]
ChangesApprover = Annotated[Principal, Depends(fresh(require("changes:approve", about="nothing")))]
RunsWriter = Annotated[Principal, Depends(require("runs:write", about="nothing"))]
RunsApprover = Annotated[Principal, Depends(fresh(require("runs:approve", about="nothing")))]
RunsReleaser = Annotated[Principal, Depends(fresh(require("runs:write", about="nothing")))]
"""Of what lets money out."""


async def _writes_books(who: RunsWriter) -> Principal:
    if not who.may():
        raise Forbidden("these books are of all pay groups and legal entities, and your role is limited to some")
    return who


BooksWriter = Annotated[Principal, Depends(_writes_books)]
"""Of what no pay group or legal entity has for itself."""
