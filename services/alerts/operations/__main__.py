"""Writes what Prometheus, Alertmanager and Grafana read, and runbooks of KPIs, below a folder, by default this one:
`python -m services.alerts.operations [FOLDER]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from services.alerts.kpis import KPIS
from services.alerts.operations.files import write
from shared.calendars import CompanyCalendar
from shared.deps import utc_now

if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    write(folder, KPIS, calendar=CompanyCalendar(), year=utc_now().year)
