"""The image of the services: its build steps run in a bare environment, and what comes out starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
@pytest.mark.timeout(3600)  # it downloads what the image holds
def test_the_image_builds_and_holds_all_services() -> None:
    done = subprocess.run(
        [ROOT / "deploy" / "build_check.sh"],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("The image builds.\n")
