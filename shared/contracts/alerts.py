"""Topic `alerts`: alerts opened and closed, keyed by alert id."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from shared.contracts.base import Contract, Identifier

TYPE = "earnest.alert.changed"


class AlertChanged(Contract):
    """The state of an alert after it changed. `value` and `threshold` are in the unit of the KPI; `as_of` is a business
    date.
    """

    alert_id: Identifier
    kpi: str
    state: Literal["open", "closed"]
    value: Decimal
    threshold: Decimal
    as_of: date
