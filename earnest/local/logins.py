"""The database of an installation as its services find it: every schema at its newest migration, every login with its
password.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import psycopg

from earnest.local.claims import write_private
from earnest.local.processes import LocalError
from shared.database import UnknownTables, database_url, engine_for, migrate
from shared.logins import LOGINS, SCHEMAS, RolesMissing, set_passwords
from shared.proof.chain import sign_commits
from shared.proof.signing import Signer
from shared.settings import Settings

BYTES: Final = 32


def make_passwords(folder: Path) -> None:
    """Write a new password for each login into a file of its name that only we can read; what is there stays."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for login in LOGINS:
        if not (folder / login).exists():
            write_private(folder / login, secrets.token_urlsafe(BYTES))


def prepare_database(settings: Settings) -> None:
    """Bring every schema to its newest migration and give the logins their passwords, as the administrator.

    Raises:
        LocalError: the settings name no folder of passwords, the administrator may not, or the tables are of a version
            that this one does not know.
    """
    url, folder = database_url(settings), settings.database_passwords_dir
    if folder is None:
        raise LocalError("EARNEST_DATABASE_PASSWORDS_DIR: name the folder with a password for each of the logins")
    signer = Signer.of(settings)
    try:
        for schema, package in SCHEMAS.items():
            engine = sign_commits(engine_for(url, schema, pool_size=1), schema, signer=signer)
            migrate(engine, schema, package=package)
            engine.dispose()
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address) as connection:
            set_passwords(connection, folder)
    except (RolesMissing, UnknownTables) as error:
        raise LocalError(str(error)) from error
    except FileNotFoundError as error:
        raise LocalError(f"there is no password {error.filename}") from error
