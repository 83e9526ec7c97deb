"""Grafana dashboards as plain data.

`python -m services.alerts.operations.dashboards deploy/grafana/dashboards` writes them.
"""

from services.alerts.operations.dashboards.kpis import kpi_dashboard
from services.alerts.operations.dashboards.operations import operations_dashboard

DASHBOARDS = (kpi_dashboard, operations_dashboard)
