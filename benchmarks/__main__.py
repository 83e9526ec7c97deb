"""`python -m benchmarks`: how fast Earnest is on this machine, and how near to what the machine can do.

Benchmarks are tools of whoever changes the code: they look inside of services, and are no part of the installed
package.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

# As the command line and the services have it, before anything imports NumPy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from rich.status import Status

    from earnest.local.system import System

bench = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Measure Earnest on this machine, beside the machine's own limits.",
)


@bench.command()
def kernel(
    deals: Annotated[int, typer.Option(min=1000, help="How many deals.")] = 1_000_000,
    participants: Annotated[int, typer.Option(min=1, help="How many participants.")] = 10_000,
) -> None:
    """From a Parquet file to earnings and lines, beside the same plan written by hand for DuckDB."""
    from benchmarks.kernel import run

    console = Console()
    with TemporaryDirectory(prefix="earnest-bench-") as folder, console.status("kernel and DuckDB in turn"):
        figures = run(Path(folder), deals, participants)
    table = Table(
        "what",
        "seconds",
        "processor",
        "deals/s",
        "ratio",
        "total, cents",
        title=f"{deals:,} deals, {participants:,} participants",
    )
    for ours, theirs in zip(figures[::2], figures[1::2], strict=True):
        for figure in (ours, theirs):
            ratio = theirs.seconds / figure.seconds
            table.add_row(
                figure.what,
                f"{figure.seconds:.2f}",
                f"{figure.busy:.2f}",
                f"{figure.deals / figure.seconds:,.0f}",
                f"{ratio:.2f}",
                f"{figure.total:,}",
            )
    console.print(table)


@bench.command()
def plan(
    deals: Annotated[int, typer.Option(min=1000, help="How many deals.")] = 1_000_000,
    participants: Annotated[int, typer.Option(min=1, help="How many participants.")] = 10_000,
) -> None:
    """A plan of six kinds of components, beside the same in SQL for DuckDB and its rate table in zen-engine."""
    from benchmarks.plan import ROUNDS, run

    console = Console()
    with (
        TemporaryDirectory(prefix="earnest-bench-") as folder,
        console.status(f"kernel and DuckDB, in turn, {ROUNDS} times"),
    ):
        result = run(Path(folder), deals, participants)
    table = Table(
        "what", "figure", "processor", "ratio", title=f"{deals:,} deals, {participants:,} participants, six components"
    )
    ours, theirs = result.kernel, result.duckdb
    table.add_row("kernel: from Parquet to earnings", f"{ours.seconds:.2f} s", f"{ours.busy:.2f} s", "")
    table.add_row(
        "DuckDB: the same in SQL, equal to the cent",
        f"{theirs.seconds:.2f} s",
        f"{theirs.busy:.2f} s",
        f"{theirs.seconds / ours.seconds:.2f}",
    )
    table.add_row("kernel: most memory of a new process", f"{result.peak_bytes / 2**30:.2f} GiB", "", "")
    table.add_row("kernel: the rate table alone", f"{result.by_kernel:,.0f} deals/s", "", "")
    ratio = result.by_kernel / result.by_zen
    table.add_row("zen-engine: its decision table", f"{result.by_zen:,.0f} deals/s", "", f"{ratio:,.0f}")
    console.print(table)


@contextmanager
def _installation(console: Console, log: Literal["postgres", "kafka"] = "postgres") -> Iterator[tuple[System, Status]]:
    """A new installation of its own, which is deleted at the end, and what the console says meanwhile."""
    from earnest.local.home import Home
    from earnest.local.system import running_system

    with TemporaryDirectory(prefix="earnest-bench-") as folder:
        Path(folder).chmod(0o755)  # started by root, PostgreSQL runs as another user and must get in
        with console.status("starting an installation") as status, running_system(Home(Path(folder)), log) as system:
            yield system, status


@bench.command()
def alerts(
    deals: Annotated[int, typer.Option(min=1, help="How many deals come in.")] = 40_000,
    earlier: Annotated[int, typer.Option(min=1, help="How many deals of three years there are before.")] = 100_000,
) -> None:
    """What a deal costs alerts, beside keeping it uncounted, before and after three years of others; an evaluation."""
    from benchmarks.alerts import run

    console = Console()
    with TemporaryDirectory(prefix="earnest-bench-") as folder, console.status("deals"):
        Path(folder).chmod(0o755)  # started by root, PostgreSQL runs as another user and must get in
        figures = run(Path(folder), deals, earlier)
    table = Table("a deal", "processor", "of the database", "ratio")
    for paid in figures.paid:
        ratio = paid.step / figures.paid[0].step
        table.add_row(paid.what, f"{paid.step:.1f} us", f"{paid.database:.1f} us", f"{ratio:.2f}")
    ratio = figures.again / figures.evaluated
    table.add_row(f"{figures.series:,} series evaluated", f"{figures.evaluated:.2f} s", "", "1.00")
    table.add_row("again, when deals of today have come", f"{figures.again:.2f} s", "", f"{ratio:.2f}")
    console.print(table)


@bench.command()
def drift(
    series: Annotated[int, typer.Option(min=1, help="How many daily series of three years.")] = 200,
) -> None:
    """KPI series assessed on each of their dates, one in ten with a drift."""
    from benchmarks.drift import run

    console = Console()
    with console.status("series"):
        figures = run(series)
    table = Table("what", "figure")
    table.add_row(f"{figures.series:,} daily series of three years", f"{figures.seconds:.2f} s")
    table.add_row("of the processor", f"{figures.busy:.2f} s")
    table.add_row("alerts", f"{figures.alerts:,}")
    console.print(table)


@bench.command()
def stream(
    log: Annotated[Literal["postgres", "kafka"], typer.Option(help="What carries the events.")] = "postgres",
    seconds: Annotated[float, typer.Option(min=1, help="How long deals are pushed at the goal's rate.")] = 60,
    goal: Annotated[int, typer.Option(min=500, help="Deals per second to aim at.")] = 10_000,
    participants: Annotated[int, typer.Option(min=1, help="Among how many participants the deals are spread.")] = 2_000,
) -> None:
    """Deals pushed over HTTP until their earnings are readable, in a new installation of its own, fsync on."""
    from benchmarks.ceilings import kafka, transactions
    from benchmarks.stream import Stream
    from shared.database import database_url, engine_for

    console = Console()
    with _installation(console, log) as (system, status):
        status.stop()
        due = seconds * goal
        console.print(f"pushing {due:,.0f} deals of {participants:,} participants over HTTP, log: {log}")
        pushed = Stream(system, participants)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("deals", total=due)
            reached = pushed.throughput(seconds, goal, lambda deals: progress.advance(task, deals))
        status.start()
        # At half of what it can carry: at its limit any queue grows for as long as one measures.
        half = max(500, int(min(reached.settled, goal) / 2))
        status.update(f"timing earnings while {half:,} deals a second arrive")
        ages = pushed.ages(half)
        stages = pushed.stages()
        status.update("measuring the machine's own limits")
        engine = engine_for(database_url(system.settings), "public", pool_size=1)
        ceiling = transactions(engine)
        table = Table("what", "figure", "ratio to the ceiling")
        table.add_row("one transaction per 500 events (ceiling)", f"{ceiling:,.0f}/s", "1.00")
        table.add_row("deals accepted over HTTP", f"{reached.accepted:,.0f}/s", f"{reached.accepted / ceiling:.2f}")
        table.add_row("deals to readable earnings", f"{reached.readable:,.0f}/s", f"{reached.readable / ceiling:.2f}")
        table.add_row("deals to booked pay and KPIs", f"{reached.settled:,.0f}/s", f"{reached.settled / ceiling:.2f}")
        for worker, (records, taken) in sorted(stages.items()):
            if records and taken:
                table.add_row(f"worker {worker}, while busy", f"{records / taken:,.0f} records/s", "")
        table.add_row(f"age of an earning at {half:,} deals/s, median", f"{ages.median:.3f} s", "")
        table.add_row(f"age of an earning at {half:,} deals/s, p99 of {ages.probes}", f"{ages.p99:.3f} s", "")
        if system.settings.kafka_bootstrap_servers:
            produced, consumed = kafka(system.settings.kafka_bootstrap_servers)
            table.add_row("kafka-python produces (ceiling)", f"{produced:,.0f}/s", f"{reached.readable / produced:.2f}")
            table.add_row("kafka-python consumes (ceiling)", f"{consumed:,.0f}/s", f"{reached.readable / consumed:.2f}")
    console.print(table)


@bench.command()
def change(
    deals: Annotated[int, typer.Option(min=1000, help="How many deals the change touches.")] = 100_000,
) -> None:
    """A plan version that touches many deals: how long until all earnings are new, and what deals wait meanwhile."""
    from benchmarks.change import measure_change
    from benchmarks.stream import Stream

    console = Console()
    with _installation(console) as (system, status):
        status.update(f"a plan change over {deals:,} deals")
        measured = measure_change(Stream(system, 2_000), deals)
    table = Table("what", "figure")
    table.add_row(f"a plan version that touches {deals:,} deals, to new earnings", f"{measured.seconds:.1f} s")
    table.add_row(f"age of an earning meanwhile, median of {measured.probes}", f"{measured.median:.3f} s")
    table.add_row("the oldest of them", f"{measured.oldest:.3f} s")
    console.print(table)


@bench.command()
def history(
    deals: Annotated[int, typer.Option(min=10, help="How many earlier deals the busy participant has.")] = 100_000,
) -> None:
    """What one more deal costs a participant with ten earlier deals, and one with very many."""
    from benchmarks.stream import Stream

    console = Console()
    with _installation(console) as (system, status):
        status.update(f"one more deal after 10 and after {deals:,}")
        few, many = Stream(system, 10).history(deals)
    table = Table("earlier deals in the month", "age of an earning, median", "ratio")
    table.add_row("10", f"{few * 1000:.0f} ms", "1.00")
    table.add_row(f"{deals:,}", f"{many * 1000:.0f} ms", f"{many / few:.2f}")
    console.print(table)


@bench.command()
def statements(
    participants: Annotated[int, typer.Option(min=1, help="How many statements.")] = 1000,
    deals: Annotated[int, typer.Option(min=1, help="How many deals each shows.")] = 100,
) -> None:
    """Pay statements as PDF, from the facts that a run froze."""
    from benchmarks.statements import frozen_facts, printed

    console = Console()
    with console.status("freezing facts") as status:
        documents = list(frozen_facts(participants, deals))
        status.update(f"{len(documents):,} statements")
        measured = printed(documents)
    table = Table("what", "figure", title=f"{participants:,} statements, {deals:,} deals each")
    table.add_row(f"PDFs in {measured.processes} processes", f"{measured.seconds:.1f} s")
    table.add_row("of the processors", f"{measured.busy:.1f} s")
    table.add_row("PDFs per second", f"{measured.statements / measured.seconds:.1f}")
    table.add_row("size of one", f"{measured.size / measured.statements / 1024:.0f} KiB")
    console.print(table)


@bench.command()
def lines(
    deals: Annotated[int, typer.Option(min=1000, help="How many deals, each of which has a line.")] = 1_000_000,
    participants: Annotated[int, typer.Option(min=1, help="How many participants.")] = 10_000,
) -> None:
    """A month's lines of everyone, as payout asks scoring for them: with deals' facts and what statements keep, over
    HTTP.
    """
    from benchmarks.lines import measure_lines

    console = Console()
    with _installation(console) as (system, status):
        status.update(f"{deals:,} deals of {participants:,} participants")
        measured = measure_lines(system, deals, participants)
    table = Table("what", "figure")
    table.add_row(
        f"{measured.lines:,} lines of {measured.participants:,} participants, read and checked",
        f"{measured.seconds:.1f} s",
    )
    table.add_row("processor of scoring and of the reader", f"{measured.busy:.1f} s")
    table.add_row("as a table in payout's memory", f"{measured.mebibytes:,.0f} MiB")
    table.add_row("most memory of the scoring process", f"{measured.peak_bytes / 2**20:,.0f} MiB")
    console.print(table)


@bench.command()
def payout(
    deals: Annotated[int, typer.Option(min=1000, help="How many deals, each of which has a line.")] = 1_000_000,
    participants: Annotated[int, typer.Option(min=1, help="How many participants.")] = 10_000,
) -> None:
    """A payout run over a month of everyone: calculated, submitted, approved and exported, while the stream goes on."""
    from benchmarks.payout import measure_payout

    console = Console()
    with _installation(console) as (system, status):
        status.update(f"{deals:,} deals of {participants:,} participants")
        measured = measure_payout(system, deals, participants)
    title = f"{measured.lines:,} lines, {measured.participants:,} payments, {measured.total}"
    table = Table("step", "seconds", title=title)
    for step, seconds in measured.seconds.items():
        table.add_row(step, f"{seconds:.1f}")
    table.add_row("together", f"{sum(measured.seconds.values()):.1f}")
    table.add_row(f"slowest of {measured.bookings} bookings of the stream meanwhile", f"{measured.slowest_booking:.2f}")
    console.print(table)


@bench.command()
def clients(
    deals: Annotated[int, typer.Option(min=1000, help="How many deals, each of which has a line.")] = 200_000,
    participants: Annotated[int, typer.Option(min=1, help="How many participants.")] = 2_000,
    seconds: Annotated[float, typer.Option(min=1, help="How long each kind of clients is measured.")] = 20,
) -> None:
    """What honest clients wait, alone and beside 200 half-open and 200 slow ones, and beside a reader of everything."""
    from benchmarks.clients import measure_clients

    console = Console()
    with _installation(console) as (system, status):
        status.update("honest clients and others")
        measured = measure_clients(system, deals, participants, seconds=seconds)
    table = Table("requests", "number", "refused", "median", "p99", "ratio of p99", "slowest")
    for what, alone, beside in (
        ("20 deals sent", measured.sending, measured.sending_beside),
        ("earnings of one read", measured.reading, measured.reading_beside),
    ):
        for where, waits in (("alone", alone), ("beside others", beside)):
            table.add_row(
                f"{what}, {where}",
                f"{waits.requests:,}",
                f"{waits.refused:,}",
                f"{waits.median * 1000:.0f} ms",
                f"{waits.p99 * 1000:.0f} ms",
                f"{waits.p99 / alone.p99:.2f}",
                f"{waits.slowest * 1000:.0f} ms",
            )
    console.print(table)
    console.print(f"most memory of ingest: {measured.ingest_bytes / 2**20:,.0f} MiB")
    console.print(f"connections of half-open and slow clients at the end: {measured.held_open}")


if __name__ == "__main__":
    bench()
