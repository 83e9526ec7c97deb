"""A company whose alerts are watched."""

from __future__ import annotations

import pytest

from tests.services.alerts.lifecycle.watched import Company


@pytest.fixture
def company() -> Company:
    return Company()
