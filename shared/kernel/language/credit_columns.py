"""Names of columns that stand beside a deal's own while it is credited: with blanks, as no declared column has them."""

from typing import Final

NET: Final = "net amount"
"""The deal's amount less its refunds."""
PART: Final = "part of the net amount"
"""What is credited of it; with the text of an amount behind it, the part of that."""
HOLDING: Final = "place of the holding"
KNOWN: Final = "known to the roster"
TERRITORY: Final = "territory of the participant"
PLAN_CURRENCY: Final = "currency of the plan"
BELOW: Final = "who is below"
"""Of a manager, the one through whom a deal comes to them."""
CHAIN: Final = "chain of managers"
MANAGER: Final = "manager of the team"
MATE: Final = "mate in the group"
