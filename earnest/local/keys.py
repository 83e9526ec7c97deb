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
    "dana": ("runs:write", "terms:write", "earnings:read", "payroll:read", "statements:read", "gl:read"),
    "frank": ("runs:approve", "earnings:read", "statements:read"),
    "payroll": ("payroll:read", "payroll:write"),
    "payout": ("earnings:read",),
    "ops": ("ops", "alerts:read", "earnings:read"),
}
"""Who may do what. Dana makes payout runs and Frank approves them: two people for money. `payout` is the service itself, which
asks scoring for lines."""


def make_keys(plain: Path, hashed: Path) -> None:
    """Write a new key per principal into the folder `plain` and their hashes into the file `hashed`; existing ones stay.

    An installation of an earlier version gets the keys of principals that are new since; one whose entry somebody took out of the
    hashes, but not its plain key, stays out.
    """
    begun = hashed.exists()
    entries: list[dict[str, object]] = json.loads(hashed.read_text()) if begun else []
    known = {entry["name"] for entry in entries}
    new = {name: plain / f"{name}.new" for name in PRINCIPALS}
    # A new plain key that still has its first name is of a start that was cut off.
    due = [
        name
        for name in PRINCIPALS
        if not begun or new[name].exists() or (name not in known and not (plain / name).exists())
    ]
    if not due:
        return
    plain.mkdir(mode=0o700, exist_ok=True)
    entries = [entry for entry in entries if entry["name"] not in due]
    for name in due:
        key = f"{name}_{secrets.token_urlsafe(32)}"
        write_private(new[name], key + "\n")
        digest = hashlib.sha256(key.encode()).hexdigest()
        entries.append({"name": name, "sha256": digest, "scopes": PRINCIPALS[name]})
    together = hashed.with_name(hashed.name + ".new")
    write_private(together, json.dumps(entries, indent=1) + "\n")
    together.replace(hashed)
    for name in due:
        new[name].replace(plain / name)
