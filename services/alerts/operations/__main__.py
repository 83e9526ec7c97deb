"""Writes what Prometheus and Grafana read: `python -m services.alerts.operations [FOLDER]`, by default here."""

from __future__ import annotations

import sys
from pathlib import Path

from services.alerts.kpis import KPIS
from services.alerts.operations.files import write

if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."), KPIS)
