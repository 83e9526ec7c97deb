"""`earnest migrate`: the database made ready for the services of this version, by its administrator."""

from __future__ import annotations

import typer

from earnest.commands import app


@app.command()
def migrate() -> None:
    """Bring all tables to this version and give the services' logins their passwords; `earnest up` does it by itself.

    DATABASE_URL names the administrator, who owns the database and may make roles. EARNEST_DATABASE_PASSWORDS_DIR is a
    folder with a file per login. Services refuse to start while the tables are not those of their version.
    """
    from earnest.local.home import Home
    from earnest.local.logins import prepare_database

    prepare_database(Home.current().settings())
    typer.echo("The tables are those of this version, and the services may log in.")
