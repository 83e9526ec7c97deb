"""Writes what Prometheus, Alertmanager and Grafana read, and runbooks of KPIs, below a folder, by default this one:
`python -m services.alerts.operations [FOLDER]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from services.alerts.kpis import load
from services.alerts.operations.files import write
from shared.deps import utc_now

if __name__ == "__main__":
    folder, kpis = Path(sys.argv[1] if len(sys.argv) > 1 else "."), sys.argv[2:3]
    catalogue = load(Path(kpis[0]) if kpis else None)
    write(folder, catalogue.kpis, calendar=catalogue.calendar, year=utc_now().year)
