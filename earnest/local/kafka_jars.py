"""The jars of Apache Kafka, fetched once into the user's cache, each checked against the sha256 that `kafka_jars.lock`
names.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

from earnest.local.processes import LocalError

VERSION = "4.3.1"
LOCK = Path(__file__).with_suffix(".lock")
ROOTS = (f"org.apache.kafka:kafka_2.13:{VERSION}", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4")
MISSING = (
    "Kafka needs the Java runtime and the resolver of an extra: pip install 'earnest[kafka]' "
    "(in a checkout: make kafka)"
)
CERTIFICATES = (
    ". Where a proxy signs what comes from outside, set REQUESTS_CA_BUNDLE to a PEM file with the certificates of "
    "your authorities, the proxy's among them"
)


class Jar(NamedTuple):
    """A locked jar, by its Maven coordinates."""

    group: str
    artifact: str
    version: str
    sha256: str


def locked() -> list[Jar]:
    """The jars of the lock."""
    lines = LOCK.read_text().splitlines()
    return [Jar(*line.split()) for line in lines if line and not line.startswith("#")]


def cache() -> Path:
    """Where jars are kept: `earnest/kafka` in the user's cache directory."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "earnest" / "kafka"


def fetch(folder: Path) -> list[Path]:
    """The locked jars in `folder`, downloaded where they are missing, with progress shown on stderr.

    Raises:
        LocalError: the extra is not installed, or a jar could not be had or is not the locked one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a test run beside this one fetches the same jars
        missing = [jar for jar in locked() if not _at(folder, jar).exists()]
        console = Console(stderr=True)
        # Beside their place, on the same disk: a jar appears there whole, or not at all.
        with TemporaryDirectory(dir=folder) as downloads:
            for jar in track(missing, f"Fetching Apache Kafka {VERSION}", console=console, disable=not missing):
                _download(jar, Path(downloads)).rename(_at(folder, jar))
    return [_at(folder, jar) for jar in locked()]


def _at(folder: Path, jar: Jar) -> Path:
    return folder / f"{jar.artifact}-{jar.version}-{jar.sha256[:12]}.jar"


def _download(jar: Jar, folder: Path) -> Path:
    try:
        from jgo.maven import MavenContext
    except ImportError:
        raise LocalError(MISSING) from None
    context = MavenContext(repo_cache=folder, timeout=60)
    name = f"{jar.group}:{jar.artifact}:{jar.version}"
    try:
        path = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except Exception as error:  # the resolver raises whatever its HTTP client and parser raise
        hint = CERTIFICATES if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""
        raise LocalError(f"{name} could not be downloaded: {error}{hint}") from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != jar.sha256:
        raise LocalError(f"{name} is not the jar that {LOCK.name} names: its sha256 is {digest}")
    return path


def _resolve() -> list[Jar]:
    """What the roots need today, for a new lock."""
    import jgo

    jars = set()
    for root in ROOTS:
        for artifact in jgo.resolve(root):
            digest = hashlib.sha256(artifact.resolve().read_bytes()).hexdigest()
            jars.add(Jar(artifact.groupId, artifact.artifactId, artifact.version, digest))
    newest = {(jar.group, jar.artifact): jar for jar in sorted(jars)}
    return sorted(newest.values())


if __name__ == "__main__":
    comments = [line for line in LOCK.read_text().splitlines() if line.startswith("#")]
    print("\n".join([*comments, *(" ".join(jar) for jar in _resolve())]))
