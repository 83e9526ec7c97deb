"""API keys of an installation of one's own: a plain key per principal for its owner, and their hashes for the services."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from earnest.local.claims import write_private

PRINCIPALS: Mapping[str, tuple[str, ...]] = {
    "crm": ("deals:write",),
    "hr": ("roster:write",),
    "analyst": ("plans:write", "earnings:read"),
    "dana": ("runs:write", "terms:write", "earnings:read", "payroll:read", "statements:read"),
    "frank": ("runs:approve", "earnings:read", "statements:read"),
    "payroll": ("payroll:read", "payroll:write"),
    "ops": ("ops", "alerts:read", "earnings:read"),
}
"""Who may do what. Dana makes payout runs and Frank approves them: two people for money."""


def make_keys(plain: Path, hashed: Path) -> None:
    """Write a new key per principal into the folder `plain` and their hashes into the file `hashed`; existing ones stay."""
    if hashed.exists():  # written last
        return
    plain.mkdir(mode=0o700, exist_ok=True)
    entries = []
    for name, scopes in PRINCIPALS.items():
        key = f"{name}_{secrets.token_urlsafe(32)}"
        write_private(plain / name, key + "\n")
        entries.append({"name": name, "sha256": hashlib.sha256(key.encode()).hexdigest(), "scopes": scopes})
    write_private(hashed, json.dumps(entries, indent=1) + "\n")
