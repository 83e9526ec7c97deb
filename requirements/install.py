"""Install a lock file and then this package into the environment that runs this program, showing how far it is.

Every package must have the hash that the lock names. The package itself is installed editable and builds without
downloading anything, with the builder that the lock holds.
"""

import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
WIDTH = 30


def main(lock: Path) -> None:
    """Install; on failure print what pip said and exit with its code."""
    total = sum("==" in line for line in lock.read_text().splitlines())
    run([*PIP, "--require-hashes", "-r", str(lock)], f"Installing {total} locked packages", total)
    run([*PIP, "--no-build-isolation", "--no-deps", "-e", str(REPOSITORY)], "Installing Earnest", 1)


def run(command: list[str], what: str, total: int) -> None:
    """Run pip and draw a bar of the packages that it has collected; without a terminal, one line only."""
    print(what, end="" if sys.stdout.isatty() else "\n", flush=True)
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        collected = 0
        for line in pip.stdout:
            said.append(line)
            collected += line.startswith(("Collecting ", "Requirement already satisfied", "Ignoring "))
            draw(what, min(collected, total), total)
    if pip.returncode == 0:
        draw(what, total, total)
    if sys.stdout.isatty():
        print(flush=True)
    if pip.returncode != 0:
        sys.exit("".join(said[-20:]) + f"pip failed with exit code {pip.returncode}")


def draw(what: str, done: int, total: int) -> None:
    """Redraw the bar on a terminal."""
    if sys.stdout.isatty():
        filled = WIDTH * done // total
        line = f"\r{what} [{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total}"
        print(line[: shutil.get_terminal_size().columns], end="", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
