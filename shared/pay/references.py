"""What a setting names that has to be somewhere."""

from __future__ import annotations

from typing import Literal, NamedTuple

Named = Literal[
    "payroll_profile", "delivery", "pay_group", "plan", "participant", "deal", "role", "legal entity", "cost center"
]
"""What can be named."""


class Reference(NamedTuple):
    """A field of a setting that names something which has to be there."""

    field: str
    what: Named
    name: str
