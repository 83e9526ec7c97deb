"""Asking the services of an installation over HTTP, as one of its principals; what they refuse is one readable line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

# What takes long to load is loaded by whoever speaks to a service: `earnest --help` does not wait for it.
if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from earnest.local.home import Home
    from earnest.names import Service
    from shared.settings import Settings


def connected() -> Client:
    """A client of the installation in the current folder."""
    from earnest.local.home import Home

    home = Home.current()
    return Client(home, home.settings())


class Client:
    """Speaks to the services that a folder's installation runs: to payout where no other is named.

    `who` is the name of a key in the folder. Every method raises `LocalError` where the service does not answer or
    refuses, and says why.
    """

    def __init__(self, home: Home, settings: Settings) -> None:
        import httpx

        self._home, self._settings = home, settings
        # Ten minutes to read an answer: a run over everybody is calculated while we wait.
        self._http = httpx.Client(timeout=httpx.Timeout(60, read=600))

    def get(self, path: str, *, who: str, service: Service = "payout") -> dict[str, Any]:
        """What the service answers, as data."""
        answer: dict[str, Any] = self._answer(service, "GET", path=path, who=who).json()
        return answer

    def post(
        self,
        path: str,
        *,
        who: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        service: Service = "payout",
    ) -> dict[str, Any]:
        """What the service answers to a body, as data; with further `headers`, where the request needs some."""
        answer: dict[str, Any] = self._answer(service, "POST", path=path, who=who, body=body, headers=headers).json()
        return answer

    def put(self, path: str, *, who: str, body: Any) -> dict[str, Any]:
        """What the service answers to a document that is to stand at a path, as data."""
        answer: dict[str, Any] = self._answer("payout", "PUT", path=path, who=who, body=body).json()
        return answer

    def fetch(self, path: str, *, who: str, service: Service = "payout") -> bytes:
        """The bytes of a document."""
        return self._answer(service, "GET", path=path, who=who).content

    def upload(self, path: str, content: bytes, *, kind: str, who: str, service: Service) -> dict[str, Any]:
        """What the service answers to the bytes of a document of a content type, as data."""
        headers = {"content-type": kind}
        answer: dict[str, Any] = self._answer(
            service, "POST", path=path, who=who, content=content, headers=headers
        ).json()
        return answer

    def download(self, path: str, file: Path, *, who: str, sha256: str) -> None:
        """Write a document that has this hash as a file that is there whole or not at all."""
        from earnest.local.processes import LocalError

        content = self.fetch(path, who=who)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise LocalError(f"{file.name} did not arrive whole: fetch it again")
        write_whole(file, content)

    def download_batch(
        self, path: str, folder: Path, *, batch: str, address: Callable[[int, str], str], who: str
    ) -> list[tuple[Path, str]]:
        """Write the files of a batch and their manifest; the files with their hashes.

        A file that is there is never replaced by one of another content, which payroll may not have taken yet: the
        batch goes to a folder of its own name within the folder.

        Args:
            path: of the batch.
            folder: where to; made where it is not there.
            batch: its id.
            address: of a file, below the batch's, by its number in the manifest, from 1, and its name.
            who: asks.
        """
        folder.mkdir(parents=True, exist_ok=True)
        # The manifest first: it names the files and the hashes by which each is known to be whole.
        manifest = self.fetch(f"{path}/manifest", who=who)
        entries = json.loads(manifest)["files"]
        if any(_is_another(folder / entry["name"], entry["sha256"]) for entry in entries):
            folder = folder / batch
            folder.mkdir(exist_ok=True)
        written = []
        for number, entry in enumerate(entries, 1):
            file = folder / entry["name"]
            self.download(f"{path}/{address(number, entry['name'])}", file, who=who, sha256=entry["sha256"])
            written.append((file, entry["sha256"]))
        write_whole(folder / f"{batch}.manifest.json", manifest)  # last: where it is, the files are whole
        return written

    def _answer(
        self,
        service: Service,
        method: str,
        *,
        path: str,
        who: str,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        import httpx

        from earnest.local.processes import LocalError

        url = getattr(self._settings, f"{service}_url")
        sent = {"authorization": f"Bearer {self._home.key(who)}", **(headers or {})}
        try:
            with _waiting(service):
                answer = self._http.request(method, f"{url}{path}", json=body, content=content, headers=sent)
        except httpx.TransportError:
            raise LocalError(f"{service} does not answer at {url}: run `earnest up` in another terminal") from None
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise LocalError(f"{service} refuses: {_reason(answer)}{_who_may(answer)}")
        return answer


def pages(
    client: Client, path: str, *, query: Mapping[str, Any], who: str, service: Service = "payout"
) -> Iterator[dict[str, Any]]:
    """Page after page of what a path lists, until one names none that follows; each is asked for when it is due."""
    after: dict[str, Any] = {}
    while True:
        page = client.get(f"{path}?{urlencode({**query, **after})}", who=who, service=service)
        yield page
        if page["next"] is None:
            return
        after = {"after": page["next"]}


def write_whole(file: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whenever somebody looks or the machine stops."""
    # In the same folder, where a rename is one step of the file system; from another disk it would be a copy.
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(content)
    part.replace(file)


def _waiting(service: Service) -> AbstractContextManager[object]:
    """Something that moves on the terminal of whoever waits; nothing where no person looks."""
    from rich.console import Console

    console = Console(stderr=True)  # not on stdout, which may be read by a program
    return console.status(f"{service} is at work") if console.is_terminal else nullcontext()


def _who_may(answer: httpx.Response) -> str:
    """Where a key may not do something: how it is seen which one may."""
    lacks_scope = answer.status_code == HTTPStatus.FORBIDDEN and " scope " in _reason(answer)
    return "; `earnest key list` shows whose key has it" if lacks_scope else ""


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP status {answer.status_code}"


def _is_another(file: Path, sha256: str) -> bool:
    """Whether there is a file of another content."""
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() != sha256
