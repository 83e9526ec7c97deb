"""Reasons are data with dates as data; a sheet writes them as it writes all other dates."""

from __future__ import annotations

import pytest

from services.payout.statements.writing import Writing


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (
            "Cancelled on 2026-06-30: 5.00 before, 0.00 now",
            "Cancelled on Jun\u00a030,\u00a02026: 5.00 before, 0.00 now",
        ),
        ("lost on 2026-06-30, after 2 months", "lost on Jun\u00a030,\u00a02026, after 2 months"),
        (
            "contract A-2026-06-30 and 2026-06-30-b and 2026-13-40",
            "contract A-2026-06-30 and 2026-06-30-b and 2026-13-40",
        ),
        ("a\u202eb\n2026-01-02", "ab Jan\u00a02,\u00a02026"),
    ],
)
def test_dates_in_reasons_are_written_like_all_others_and_nothing_else_is_changed(reason: str, shown: str) -> None:
    assert Writing("en_US").prose(reason) == shown
