"""Grafana dashboards as plain data: `python -m services.alerts.dashboards deploy/grafana/dashboards` writes them."""

from services.alerts.dashboards.kpis import kpi_dashboard
from services.alerts.dashboards.operations import operations_dashboard

DASHBOARDS = (kpi_dashboard, operations_dashboard)
