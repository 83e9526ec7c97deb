"""Notifications: who is told what of alerts, by which channel, at once or once a day.

What the front door uses of it stands here.
"""

from __future__ import annotations

from services.alerts.notifications.declared import (
    SECRETS,
    Notifications,
    Undeclared,
    notifications_of,
    remarks,
)
from services.alerts.notifications.message import figure

__all__ = ["SECRETS", "Notifications", "Undeclared", "figure", "notifications_of", "remarks"]
