"""`earnest dlq`: the dead letters of all services: list them, look at one, replay them once their cause is mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from earnest.commands import Actor, app
from earnest.hints import as_called
from earnest.local.processes import LocalError
from earnest.names import Service

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from shared.log.dead_letters import DeadLetter
    from shared.settings import Settings

dlq = typer.Typer(
    no_args_is_help=True, help="Dead letters: records that could not be processed, and those behind them."
)
app.add_typer(dlq, name="dlq")

OfService = Annotated[Service | None, typer.Option("--service", help="Only of this service.")]
OfWorker = Annotated[str | None, typer.Option("--worker", help="Only of this worker.")]
OfTopic = Annotated[str | None, typer.Option("--topic", help="Only of this topic.")]
WithCode = Annotated[str | None, typer.Option("--code", help="Only with this cause.")]
WithKey = Annotated[str | None, typer.Option("--key", help="Only of this key: a deal or a participant.")]
MOST_SHOWN = 200
MOST_OF_A_VALUE = 200
"""Characters of a record in the list."""


@dlq.command("list")
def list_letters(
    service: OfService = None,
    worker: OfWorker = None,
    topic: OfTopic = None,
    code: WithCode = None,
    key: WithKey = None,
    replayed: Annotated[bool, typer.Option("--replayed", help="Also those that were replayed or closed.")] = False,
) -> None:
    """Open dead letters, oldest first, with their causes."""
    from shared.log.dead_letters import Filter, find

    which = Filter(worker=worker, topic=topic, code=code, key=key)
    table = Table("service", "id", "what to mend, and where it is", show_lines=True)
    for name, engine in _schemas(_settings(), service):
        for letter in find(engine, which, include_replayed=replayed, limit=MOST_SHOWN):
            since = f"since {letter.at:%Y-%m-%d %H:%M}" + _gone(letter)
            where = f"{letter.worker} at {_place(letter)}, {since}"
            letter_text = (
                f"{letter.code}: {letter.message}\nkey {letter.record.key}\n{_short(letter.record.value)}\n{where}"
            )
            table.add_row(name, str(letter.id), Text(letter_text))
    console = Console()
    console.print(table if table.row_count else "No dead letters.")
    if table.row_count >= MOST_SHOWN:
        console.print(f"At most {MOST_SHOWN} of a service are shown; narrow them down with the options.")


@dlq.command()
def show(
    service: Annotated[Service, typer.Argument(help="The service that has it.")],
    letter_id: Annotated[int, typer.Argument(metavar="ID", help="Its id in `earnest dlq list`.")],
) -> None:
    """One dead letter with its headers and its value."""
    from shared.log.dead_letters import Filter, find

    letters = [
        letter
        for _, engine in _schemas(_settings(), service)
        for letter in find(engine, Filter(id=letter_id), include_replayed=True)
    ]
    if not letters:
        raise LocalError(f"{service} has no dead letter {letter_id}: see `earnest dlq list`")
    [letter] = letters
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"{letter.worker} could not process {_place(letter)}, key {letter.record.key}")
    console.print(f"cause:    {letter.code}: {letter.message}")
    console.print(f"since:    {letter.at:%Y-%m-%d %H:%M:%S %Z}")
    if letter.replayed_at:
        how = "replayed:" if letter.closed_because is None else "closed:  "
        console.print(f"{how} {letter.replayed_at:%Y-%m-%d %H:%M:%S %Z} by {letter.replayed_by or 'somebody'}")
    for name, value in letter.record.headers.items():
        console.print(f"{name}: {value}")
    console.print()
    console.print(_readable(letter.record.value))


@dlq.command()
def replay(
    service: OfService = None,
    worker: OfWorker = None,
    topic: OfTopic = None,
    code: WithCode = None,
    key: WithKey = None,
    letter_id: Annotated[int | None, typer.Option("--id", help="Only this one; say of which service.")] = None,
    who: Actor = "ops",
) -> None:
    """Send dead letters again after their cause was mended, with all that wait behind them, in their order.

    Without options all open ones are sent. They go to the worker that could not process them, and to no other. Whoever
    sends facts again has a hand in the pay that they move, as whoever sent them first.
    """
    from earnest.local.home import Home
    from shared.log import dead_letters
    from shared.log.open import open_log

    # Only who holds a key of this installation acts under its name: replaying is a hand in the pay that it moves.
    Home.current().key(who)
    if letter_id is not None and service is None:
        raise LocalError("ids belong to a service: say --service too")
    which = dead_letters.Filter(id=letter_id, worker=worker, topic=topic, code=code, key=key)
    settings = _settings()
    log = open_log(settings)
    try:
        for name, engine in _schemas(settings, service):
            if number := dead_letters.replay(engine, log, which=which, by=who):
                typer.echo(f"{name}: {number} sent again")
        typer.echo(as_called("Those that fail again come back: see `earnest dlq list`."))
    finally:
        log.close()


@dlq.command()
def close(
    service: Annotated[Service, typer.Option("--service", help="The service that has it.")],
    letter_id: Annotated[int, typer.Option("--id", help="Its id in `earnest dlq list`.")],
    reason: Annotated[str, typer.Option(help="Why it need not take effect; it is kept with the letter.")],
    who: Actor = "ops",
) -> None:
    """Close a dead letter that need not take effect, such as one that its sender has said again and right.

    It stays in the record with the reason and who closed it. What waits behind it is sent again.
    """
    from earnest.local.home import Home
    from shared.log import dead_letters
    from shared.log.open import open_log

    Home.current().key(who)
    if not reason.strip():
        raise LocalError("--reason: say why the record need not take effect")
    settings = _settings()
    log = open_log(settings)
    try:
        behind = None
        for _, engine in _schemas(settings, service):
            behind = dead_letters.close(engine, log, letter=letter_id, by=who, reason=reason.strip())
        if behind is None:
            raise LocalError(f"{service} has no open dead letter {letter_id}: see `earnest dlq list`")
    finally:
        log.close()
    typer.echo(f"{service}: {letter_id} is closed" + (f", {behind} behind it sent again" if behind else ""))


def _gone(letter: DeadLetter) -> str:
    if letter.replayed_at is None:
        return ""
    return ", replayed" if letter.closed_because is None else f", closed: {letter.closed_because}"


def _settings() -> Settings:
    from earnest.local.home import Home

    return Home.current().settings()


def _schemas(settings: Settings, service: Service | None) -> Iterator[tuple[str, Engine]]:
    """The schemas that have dead letters, by their service's name, for the administrator: what is sent again goes to
    topics that the service does not publish on.
    """
    from sqlalchemy import inspect

    from shared.database import database_url, engine_for

    for name in get_args(Service) if service is None else [service]:
        engine = engine_for(database_url(settings), name, pool_size=1)
        try:
            # Not every service sets letters aside.
            if inspect(engine).has_table("dead_letter", schema=name):
                yield name, engine
        finally:
            engine.dispose()


def _place(letter: DeadLetter) -> str:
    return f"{letter.partition.topic}[{letter.partition.number}] {letter.position}"


def _short(value: bytes | None) -> str:
    """A record's value in a line of a list; `show` has all of it."""
    text = " ".join(_readable(value).split())
    return text if len(text) <= MOST_OF_A_VALUE else f"{text[:MOST_OF_A_VALUE]}… (earnest dlq show)"


def _readable(value: bytes | None) -> str:
    if value is None:
        return "no value: the record says that its key is gone"
    try:
        return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    # Records are set aside because they could not be read: one nested too deep for a parser is shown as it came.
    except (ValueError, RecursionError):
        return repr(value)
