"""Make the secrets of docker-compose.yml beside this file: passwords and API keys. What is there already stays."""

import secrets
from pathlib import Path

from earnest.local.claims import write_private
from earnest.local.keys import make_keys
from earnest.local.logins import make_passwords
from shared.logins import LOGINS
from shared.proof.signing import make_key

FOLDER = Path(__file__).resolve().parent
MOUNTED_ALONE = {"payout_key": "payout", "alertmanager_key": "alertmanager"}
"""Files with the one key that a container asks others with, and whose it is: none sees the other keys."""
# Compose mounts these files with the modes they have here, and the containers run as other users than you: others may
# read them, but on this host only you can enter the folder.
READ_BY_CONTAINERS = ("earnest", *LOGINS, "grafana_password", "signing_key.pem", "api_keys.json", *MOUNTED_ALONE)

FOLDER.chmod(0o700)
if (FOLDER / "database_password").exists():  # as earlier versions called the administrator's
    (FOLDER / "database_password").replace(FOLDER / "earnest")
make_passwords(FOLDER)
for name in ("earnest", "grafana_password"):
    if not (FOLDER / name).exists():
        write_private(FOLDER / name, secrets.token_urlsafe(32))
make_key(FOLDER / "signing_key.pem")
make_keys(FOLDER / "keys", FOLDER / "api_keys.json")
for file, owner in MOUNTED_ALONE.items():
    if not (FOLDER / file).exists():
        write_private(FOLDER / file, (FOLDER / "keys" / owner).read_text())
for name in READ_BY_CONTAINERS:
    (FOLDER / name).chmod(0o444)
print(f"Secrets are in {FOLDER}: plain API keys in keys/, Grafana's password (user admin) in grafana_password.")
