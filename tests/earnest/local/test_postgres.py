"""The embedded PostgreSQL: it keeps what was committed and never outlives its starter."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from earnest.local.postgres import Postgres
from earnest.local.processes import LocalError, working_in
from tests.waiting import until

STARTER = """
import sys, time
from pathlib import Path
from earnest.local.postgres import Postgres
server = Postgres(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def root(server_folder: Path, request: pytest.FixtureRequest) -> Path:
    return server_folder / request.node.name


@pytest.fixture
def starter(root: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that started a server on `root`, and the server's pid."""
    process = subprocess.Popen([sys.executable, "-c", STARTER, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def test_what_was_committed_survives_a_crash_and_a_restart(root: Path) -> None:
    with Postgres(root) as server:
        url = server.url()
        with psycopg.connect(url) as connection:
            connection.execute("create table paid (cents bigint)")
            connection.execute("insert into paid select generate_series(1, 1000)")
        server.kill()
        server.start()
        assert server.url() == url, "the address stays the same"
        with psycopg.connect(url) as connection:
            assert connection.execute("select sum(cents) from paid").fetchone() == (500500,)
        server.stop()
        server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("select count(*) from paid").fetchone() == (1000,)
            assert connection.execute("show fsync").fetchone() == ("on",)


def test_the_password_is_asked_for_and_kept_private(root: Path) -> None:
    with Postgres(root) as server:
        assert server.password_file.stat().st_mode & 0o777 == 0o600
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url().replace(server.password_file.read_text(), "guess"))


def test_a_server_dies_with_its_starter(root: Path, starter: tuple[subprocess.Popen[str], int]) -> None:
    process, pid = starter
    process.kill()
    process.wait()
    until(lambda: not working_in(root / "data"), f"the end of server {pid}")


def test_a_server_left_over_is_ended_before_a_new_one_starts(root: Path) -> None:
    with Postgres(root) as server:
        data, port = root / "data", (root / "port").read_text()
        binaries = server.binaries()
    command = [binaries / "postgres", "-D", data, "-p", port, "-k", ""]
    orphan = subprocess.Popen(command, cwd="/", user=server.user, stderr=subprocess.DEVNULL)
    until(lambda: (data / "postmaster.pid").exists() and len(working_in(data)) > 3)
    with Postgres(root) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        assert orphan.poll() is not None


def test_a_zombie_that_nobody_reaps_does_not_stop_a_start(root: Path) -> None:
    """Where process 1 reaps nothing, a killed postmaster stays in the process table, and PostgreSQL takes it for alive."""
    with Postgres(root) as server:
        pass
    zombie = subprocess.Popen(["true"], user=server.user)
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    (root / "data" / "postmaster.pid").write_text(
        f"{zombie.pid}\n{root / 'data'}\n0\n0\n\n127.0.0.1\n       0         0\n"
    )
    with Postgres(root) as server:
        assert server.pid
    zombie.wait()


def test_a_directory_in_use_is_refused(root: Path, starter: tuple[subprocess.Popen[str], int]) -> None:
    with pytest.raises(LocalError, match="is in use by process"):
        Postgres(root).start()
    os.kill(starter[1], 0)


def test_a_taken_port_is_replaced(root: Path) -> None:
    with Postgres(root):
        first = int((root / "port").read_text())
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", first))
        taken.listen()
        with Postgres(root) as server, psycopg.connect(server.url()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
            assert str(first) not in server.url()


def test_a_half_made_data_directory_is_made_again(root: Path) -> None:
    (root / "data.new" / "base").mkdir(parents=True)
    with Postgres(root) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_stopped_server_ends_open_sessions(root: Path) -> None:
    with Postgres(root) as server:
        connection = psycopg.connect(server.url())
        server.stop()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("select 1")


def test_under_a_closed_home_root_serves_from_outside_and_a_user_in_place(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    server = Postgres(closed / "postgres")
    try:
        with server, psycopg.connect(server.url()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
            assert server.home.is_relative_to(closed) == (os.geteuid() != 0)
    finally:
        shutil.rmtree(server.home)
