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

__all__ = ["SECRETS", "Notifications", "Undeclared", "notifications_of", "remarks"]
