"""Pay is calculated by code that reaches no database, no web framework and no server, also not through what it imports."""

from __future__ import annotations

import subprocess
import sys

REACHED = """
import importlib, pkgutil, sys
import shared.pay
for module in pkgutil.walk_packages(shared.pay.__path__, "shared.pay."):
    importlib.import_module(module.name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
WIRES = {"fastapi", "starlette", "uvicorn", "httpx", "httpcore", "kafka", "sqlalchemy", "psycopg", "alembic", "asyncio"}


def test_nothing_in_shared_pay_reaches_the_wires() -> None:
    done = subprocess.run([sys.executable, "-c", REACHED], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & WIRES == set()
