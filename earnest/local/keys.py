"""API keys of a local installation: a plain key per principal for its owner, and their hashes for the services."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from earnest.local.claims import write_private
from earnest.local.processes import LocalError

PRINCIPALS: Mapping[str, tuple[str, ...]] = {
    "crm": ("deals:write",),
    "hr": ("roster:write",),
    "analyst": ("plans:write", "terms:write", "earnings:read", "alerts:read", "alerts:write"),
    "dana": ("runs:write", "earnings:read", "payroll:read", "statements:read", "gl:read", "alerts:read"),
    "frank": ("runs:approve", "changes:approve", "earnings:read", "statements:read", "alerts:read"),
    "carla": ("runs:approve", "changes:approve", "earnings:read", "statements:read", "alerts:read"),
    "payroll": ("payroll:read", "payroll:write"),
    "payout": ("earnings:read",),
    "alertmanager": ("alerts:notify",),
    "ops": ("ops", "alerts:read", "alerts:write", "earnings:read"),
}
"""Who may do what. Dana makes payout runs, Frank approves them, Carla the large ones too: two people for money. The
analyst writes plans and terms, and proposes what controls money, which Frank or Carla approve.
The analyst and ops act on alerts, and finance reads them. `payout` is the service itself, which asks scoring for
lines; Alertmanager tells alerts what it was told."""
ROLES: Mapping[str, tuple[str, ...]] = {"frank": ("finance",), "carla": ("cfo",)}
"""As whom they approve, where a policy asks for it."""


def make_keys(plain: Path, hashed: Path) -> None:
    """Write a new key per principal into the folder `plain` and their hashes into the file `hashed`; existing ones
    stay.

    An installation of an earlier version gets the keys of principals that are new since; one whose entry somebody took
    out of the hashes, but not its plain key, stays out.
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
        roles = {"roles": ROLES[name]} if name in ROLES else {}
        entries.append({"name": name, "sha256": _new_key(new[name], name), "scopes": PRINCIPALS[name], **roles})
    # Hashes first, names last: a start that is cut off between the two finds its `.new` files, and makes them again.
    _write(hashed, entries)
    for name in due:
        new[name].replace(plain / name)


def read_keys(hashed: Path) -> list[dict[str, Any]]:
    """The entries of the services' file: name, hash, scopes, and where they are set roles and pay groups.

    Raises:
        LocalError: there is no installation, or the file is not what it should be.
    """
    try:
        entries: list[dict[str, Any]] = json.loads(hashed.read_bytes())
    except FileNotFoundError:
        raise LocalError(f"there is no installation in {hashed.parent}: run `earnest up` first") from None
    except ValueError as error:
        raise LocalError(f"{hashed} is not JSON: {error}") from None
    return entries


def set_key(
    plain: Path,
    hashed: Path,
    *,
    name: str,
    scopes: Sequence[str] | None = None,
    roles: Sequence[str] | None = None,
    pay_groups: Sequence[str] | None = None,
) -> bool:
    """Make a key for a name that has none, or change what the key of a name allows; what is None stays. Says whether it
    is new.

    Raises:
        LocalError: the name cannot be that of a file, or a new key would be allowed nothing.
    """
    entries = read_keys(hashed)
    entry = next((known for known in entries if known["name"] == name), None)
    made = entry is None
    if entry is None:
        if not _NAME.fullmatch(name):
            raise LocalError(f"{name!r} cannot be the name of a key: letters, digits and ._- can")
        if not scopes:
            raise LocalError(f"{name} has no key yet: say with --scope what it may do")
        entry = {"name": name, "sha256": _new_key(plain / name, name), "scopes": []}
        entries.append(entry)
    for field, value in (("scopes", scopes), ("roles", roles), ("pay_groups", pay_groups)):
        if value:
            entry[field] = list(value)
    _write(hashed, entries)
    return made


def remove_key(plain: Path, hashed: Path, *, name: str) -> None:
    """Take a key back. Its file stays, without the key, so that the next start does not make the name a new one.

    Raises:
        LocalError: nobody has such a key.
    """
    entries = read_keys(hashed)
    left = [entry for entry in entries if entry["name"] != name]
    if len(left) == len(entries):
        raise LocalError(f"{name} has no key")
    _write(hashed, left)
    write_private(plain / name, "taken back\n")


_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _new_key(file: Path, name: str) -> str:
    """Write a new plain key; its hash."""
    key = f"{name}_{secrets.token_urlsafe(32)}"
    write_private(file, key + "\n")
    return hashlib.sha256(key.encode()).hexdigest()


def _write(hashed: Path, entries: Sequence[Mapping[str, object]]) -> None:
    """Replace the file at once: services read it again when it changes, and never half of it."""
    together = hashed.with_name(hashed.name + ".new")
    write_private(together, json.dumps(entries, indent=1) + "\n")
    together.replace(hashed)
