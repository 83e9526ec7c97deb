"""Files of SQL beside this one, for migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def run_script(op: Any, name: str) -> None:
    """Run the statements of a file, as they stand: `%` and `:` in them are no parameters."""
    script = (Path(__file__).parent / name).read_text(encoding="utf-8")
    op.get_bind().connection.cursor().execute(script)
