"""Watches the KPIs of the plan and says when the plan no longer does what it was meant to do."""
