"""What tests of the front door share: an installation that runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from earnest.local.home import Home
from earnest.local.system import System, running_system


@pytest.fixture
def system(server_folder: Path) -> Iterator[System]:
    """All services, over an empty database."""
    # A name of its own, for all tests of a process share the folder; and the server, which runs as another user, has to
    # get in.
    home = Path(mkdtemp(prefix="home-", dir=server_folder))
    home.chmod(0o755)
    with running_system(Home(home)) as running:
        yield running
