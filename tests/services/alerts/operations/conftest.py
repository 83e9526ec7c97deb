"""The checkers of Prometheus's and Alertmanager's files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services.alerts.operations.prometheus_files import Run, checked


@pytest.fixture
def run(prometheus_tools: Callable[[str], str]) -> Run:
    """Run `promtool` or `amtool`; its complaint is the failure's message."""

    def done(tool: str, *arguments: str | Path) -> str:
        return checked(prometheus_tools(tool), *arguments)

    return done
