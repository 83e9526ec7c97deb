"""What a plan must pay at a point."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.kernel.language.category_texts import CategoryText
from shared.kernel.language.values import Amount, Name, PlanPart


class Assertion(PlanPart):
    """What the plan must pay at a point, checked by `earnest plan assert`.

    `at` gives measures by name, `attainment` or `attainment.<measure>`, `quota` or `quota.<measure>`, `term.<name>`,
    and as texts the categories of the participant: `position`, `territory`, `category.<name>`.
    """

    at: dict[str, Annotated[Amount | CategoryText, Field(union_mode="left_to_right")]]
    """The point: measures by name, `attainment`, `quota`, `attainment.<measure>`, `quota.<measure>`, `term.<name>`;
    categories by name, such as `position: senior` and `category.segment: smb`."""
    pays: Amount | dict[Name, Amount]
    """In all, or by component."""
