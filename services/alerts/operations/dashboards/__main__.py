"""Writes the dashboards into a folder: `python -m services.alerts.operations.dashboards deploy/grafana/dashboards`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from services.alerts.operations.dashboards import DASHBOARDS


def main(folder: Path) -> None:
    """Write `<uid>.json` of every dashboard."""
    for build in DASHBOARDS:
        made = build()
        (folder / f"{made['uid']}.json").write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
