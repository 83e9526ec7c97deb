"""A database made ready for the services by an administrator who is no superuser, as a hosted PostgreSQL has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from earnest.local.home import PASSWORDS
from earnest.local.logins import make_passwords, prepare_database
from earnest.local.postgres import Postgres
from earnest.local.processes import LocalError
from shared.database import TablesBehind, database_url, service_engine, view_engine
from shared.log.open import open_log
from shared.logins import LOGINS, SERVICES, login_of
from shared.settings import Settings
from tests.command_line import earnest


@pytest.fixture(scope="module")
def server(server_folder: Path) -> Iterator[Postgres]:
    """A server of its own: roles belong to a whole server."""
    with Postgres(Path(mkdtemp(prefix="logins-", dir=server_folder)) / "postgres") as running:
        with psycopg.connect(running.url("postgres"), autocommit=True) as superuser:
            superuser.execute("create role hosted login createrole password 'secret'")
            superuser.execute("create role bystander login password 'secret'")
        yield running


@pytest.fixture
def hosted(server: Postgres, tmp_path: Path) -> Settings:
    """An empty database of the hosted administrator, and passwords for the logins."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as superuser:
        superuser.execute("drop database if exists company with (force)")
        superuser.execute("create database company owner hosted")
    make_passwords(tmp_path / "passwords")
    return named(server, "hosted", tmp_path / "passwords")


def named(server: Postgres, administrator: str, passwords: Path) -> Settings:
    place = server.address.rpartition("@")[2].rpartition("/")[0]
    return Settings(
        database_url=f"postgresql://{administrator}:secret@{place}/company", database_passwords_dir=passwords
    )


def test_every_login_comes_in_with_its_password_once_the_administrator_has_migrated(
    hosted: Settings, tmp_path: Path
) -> None:
    with pytest.raises((OperationalError, TablesBehind)):
        service_engine(hosted, "payout")
    told = {"DATABASE_URL": hosted.database_url, PASSWORDS: str(hosted.database_passwords_dir)}
    for _ in range(2):  # the second time finds everything done
        done = earnest("migrate", environment=told)
        assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "passwords").iterdir()}
    assert modes == dict.fromkeys(LOGINS, 0o600)
    assert len({path.read_text() for path in (tmp_path / "passwords").iterdir()}) == len(LOGINS)
    for service in SERVICES:
        for engine in (service_engine(hosted, service), view_engine(hosted, service)):
            with engine.connect() as connection:
                assert connection.exec_driver_sql("select count(*) from alembic_version").scalar() == 1
            engine.dispose()
        open_log(hosted, service).close()
    (tmp_path / "passwords" / login_of("payout")).write_text("another\n")
    with pytest.raises(OperationalError, match="password authentication failed"):
        service_engine(hosted, "payout")
    prepare_database(hosted)
    service_engine(hosted, "payout").dispose()


def test_a_service_whose_tables_are_of_another_version_does_not_start_and_cannot_change_them(hosted: Settings) -> None:
    prepare_database(hosted)
    address = database_url(hosted).set(drivername="postgresql").render_as_string(hide_password=False)
    for schema, opened in (("payout", lambda: service_engine(hosted, "payout")), ("log", lambda: open_log(hosted))):
        with psycopg.connect(address) as administrator:
            version = f"update {schema}.alembic_version set version_num = %s returning version_num"
            was = administrator.execute(f"select version_num from {schema}.alembic_version").fetchone()
            administrator.execute(version, ["0001"])
            administrator.commit()
            with pytest.raises(TablesBehind, match=f"the tables of {schema} are not those of this version"):
                opened()
            administrator.execute(version, was)


def test_who_may_make_no_roles_is_told_what_is_missing(hosted: Settings, server: Postgres) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as superuser:
        superuser.execute("alter database company owner to bystander")
    assert hosted.database_passwords_dir is not None
    with pytest.raises(LocalError, match="alter role bystander createrole"):
        prepare_database(named(server, "bystander", hosted.database_passwords_dir))
    with pytest.raises(LocalError, match="EARNEST_DATABASE_PASSWORDS_DIR"):
        prepare_database(hosted.model_copy(update={"database_passwords_dir": None}))
    (hosted.database_passwords_dir / login_of("payout")).unlink()
    with psycopg.connect(server.url("postgres"), autocommit=True) as superuser:
        superuser.execute("alter database company owner to hosted")
    with pytest.raises(LocalError, match=r"there is no password .*earnest_payout"):
        prepare_database(hosted)
