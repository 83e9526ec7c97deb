"""What the tests stand on: real servers, fresh databases, printed seeds, and no silent skip."""

from __future__ import annotations

import os

# As the command line and the services have it, and before anything imports NumPy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import URL, Engine

from earnest.local.postgres import Postgres
from shared.database import database_url as url_of
from shared.database import engine_for
from shared.proof.signing import Signer, make_key
from shared.settings import Settings
from tests.databases import fresh_database, make_logins, migrated_database
from tests.peers import opened_by_libreoffice, peer

__all__ = ["opened_by_libreoffice", "peer"]

REPOSITORY = Path(__file__).resolve().parents[1]
CI = os.environ.get("CI") == "true"
SEED = int(os.environ.get("EARNEST_TEST_SEED") or random.randrange(2**32))
os.environ["EARNEST_TEST_SEED"] = str(SEED)  # for the processes that run the tests side by side: they inherit it
PROMETHEUS_TOOLS = ("prometheus", "prometheus-alertmanager", "promtool", "amtool")
MEMORY_OF_A_WORKER = 3 * 1024**3 // 2
"""Bytes: its tests and the servers that they start."""

# promtool and its kind lie beside the interpreter, also when nobody put that folder on the path.
os.environ["PATH"] = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"

hypothesis_settings.register_profile("earnest", deadline=None, print_blob=True)
hypothesis_settings.load_profile("earnest")


def pytest_report_header() -> str:
    """Say how to repeat this run's random choices."""
    return f"seed: {SEED} (repeat with EARNEST_TEST_SEED={SEED}; hypothesis prints its own way to repeat a failure)"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """A process of tests for each core that we may use and one more, as some always wait for servers; none on a single core."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    workers = min(cores + 1, psutil.virtual_memory().available // MEMORY_OF_A_WORKER)
    return workers if min(cores, workers) > 1 else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests begin with the run: whoever has nothing left takes over tests that others have not come to, one by
    one.
    """
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """A test that skips under CI=true has failed."""
    return _no_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Any:
    """A module that skips under CI=true has failed."""
    return _no_skip((yield))


def _no_skip(report: Any) -> Any:
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which fails under CI=true: {report.longrepr}"
    return report


@pytest.fixture
def seed() -> int:
    """The run's seed for `random.Random`; it is printed in the header."""
    return SEED


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder of reference data and plans beside the repository."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder ../shared with reference data is not beside this repository")
    return folder


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for servers' data that also the unprivileged user of a server started by root can enter."""
    folder = Path(tempfile.mkdtemp(prefix="earnest-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[Postgres]:
    """The PostgreSQL server of the test session, which nobody kills: it need not wait for the disk.

    A test that kills a server starts one of its own, with the settings of an installation.
    """
    with Postgres(server_folder / "postgres") as server:
        with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
            for name in ("fsync", "full_page_writes", "synchronous_commit"):
                admin.execute(f"alter system set {name} = off")
            admin.execute("select pg_reload_conf()")
        make_logins(server)
        # For settings that say nothing else, and for processes that a test starts.
        os.environ["EARNEST_DATABASE_PASSWORDS_DIR"] = str(server.passwords)
        yield server
        del os.environ["EARNEST_DATABASE_PASSWORDS_DIR"]


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Postgres) -> str:
    """`postgresql://` URL of the server's administrative database."""
    return postgres_server.url("postgres")


@pytest.fixture
def empty_database_url(postgres_server: Postgres) -> Iterator[str]:
    """`postgresql://` URL of an empty database that this test has for itself."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def template(postgres_server: Postgres) -> Callable[..., str]:
    """The name of a database with the tables of a service (`template("payout")`), or of all, which is copied for each test;
    made once.
    """
    return cache(partial(migrated_database, postgres_server))


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """`postgresql://` URL of the database that this test has for itself: empty, unless a service's tests begin with its tables."""
    return empty_database_url


@pytest.fixture
def logged_in(database_url: str) -> Callable[[str], URL]:
    """The address of this test's database for a login: `logged_in(login_of("payout"))` works on it with the rights that
    the service really has.
    """
    return partial(url_of, Settings(database_url=database_url))


@pytest.fixture
def engine_of(logged_in: Callable[[str], URL]) -> Iterator[Callable[[str, str], Engine]]:
    """An engine on a schema of this test's database with the rights of a login: `engine_of(view_of("payout"), "payout")`."""
    with ExitStack() as made:

        def engine(login: str, schema: str) -> Engine:
            opened = engine_for(logged_in(login), schema, pool_size=10)
            made.callback(opened.dispose)
            return opened

        yield engine


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """A signing key of this test's own."""
    make_key(tmp_path / "key.pem")
    return Signer.read(tmp_path / "key.pem")


@pytest.fixture(scope="session")
def kafka_servers(server_folder: Path) -> Iterator[str]:
    """Bootstrap address of a real Apache Kafka, started once, when the first test asks for it."""
    from earnest.local.kafka import Kafka

    with Kafka(server_folder / "kafka") as server:
        yield server.bootstrap_servers


@pytest.fixture(scope="session")
def prometheus_tools() -> Callable[[str], str]:
    """Where `prometheus`, `prometheus-alertmanager`, `promtool` and `amtool` are; fetched from Debian's packages if missing."""
    beside = Path(sys.executable).parent
    path = os.pathsep.join([os.environ.get("PATH", ""), str(beside)])
    if None in (shutil.which(tool, path=path) for tool in PROMETHEUS_TOOLS):
        subprocess.run([REPOSITORY / "deploy" / "get_promtool.sh", beside], check=True)

    def found(tool: str) -> str:
        place = shutil.which(tool, path=path)
        assert place is not None, tool
        return place

    return found
