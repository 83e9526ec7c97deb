"""The tables of access stand in its migrations; here is which of them are chained."""

from __future__ import annotations

from typing import Final

CHAIN: Final = "access"
CHAINED: Final = (
    *("person", "system_owner", "role_grant", "role_grant_end", "duty_exception", "api_key", "api_key_end"),
    *("password", "passkey", "identity", "audit_entry"),
)
"""Tables whose rows are noted in the chain: who there is, what they may do, what they prove themselves with, and what
they did. The others follow from the roster, or pass: sessions, tries, challenges, when a key was used.
"""
