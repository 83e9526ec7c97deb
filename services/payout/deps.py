"""What the routes of payout share: the database, the present, and where lines come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine

from services.payout.lines import LineSource
from services.payout.statements.facts import Company
from shared.pay.deal_facts import DealSource
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Office:
    """`engine` for changes, one transaction each; `snapshot` to read what belongs together; `now` is the instant of a request."""

    settings: Settings
    engine: Engine
    snapshot: Engine
    now: Callable[[], datetime]
    lines: LineSource
    deals: DealSource

    @property
    def company(self) -> Company:
        """Whose statements are made, and how it writes amounts."""
        return Company(name=self.settings.company_name, locale=self.settings.locale)

    def today(self) -> date:
        """The business date."""
        return self.now().astimezone(self.settings.zone).date()
