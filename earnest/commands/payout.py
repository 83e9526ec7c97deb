"""`earnest payout`: runs from the command line: drafted by one person, approved by another, exported for payroll."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from earnest.client import Client, connected
from earnest.commands import AUTHOR, Actor, Approver, a_folder, app
from earnest.hints import as_called
from earnest.local.processes import LocalError
from earnest.terminal import money, print_table, show_run
from shared.formatting import counted

payout = typer.Typer(
    no_args_is_help=True,
    help="Payout runs: calculate one, look at it, submit it, have somebody else approve it, export it for payroll.",
)
app.add_typer(payout, name="payout")

RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as `earnest payout list` names it.")]


Group = Annotated[
    str | None,
    typer.Option("--group", metavar="GROUP", help="The pay group; where there is one only, that one unless said."),
]
Some = Annotated[
    list[str] | None, typer.Option("--participant", metavar="ID", help="Only this participant; may be given again.")
]


@payout.command()
def run(
    period: Annotated[
        str, typer.Argument(metavar="PERIOD", help="The pay period, as `earnest calendar show` names it.")
    ],
    group: Group = None,
    participant: Some = None,
    who: Actor = AUTHOR,
) -> None:
    """Make a run over a pay period that has ended, and calculate what it pays. With --participant only for some."""
    client = connected()
    body = {"period": period, "pay_group": _group(client, group, who=who), "participants": participant or None}
    _make(client, body, who=who)


@payout.command("off-cycle")
def off_cycle(
    day: Annotated[str, typer.Argument(metavar="DAY", help="As of which day, as 2026-06-17.")],
    participant: Annotated[
        list[str], typer.Option("--participant", metavar="ID", help="Whom it pays; may be given again.")
    ],
    pay_date: Annotated[
        str | None,
        typer.Option("--pay-date", metavar="DAY", help="When it is paid; the first business day unless said."),
    ] = None,
    group: Group = None,
    who: Actor = AUTHOR,
) -> None:
    """Make a run outside the calendar, for some participants: what is due to them by a day. It closes no month."""
    client = connected()
    body = {"off_cycle": day, "pay_group": _group(client, group, who=who), "participants": participant}
    body |= {"pay_date": pay_date} if pay_date else {}
    _make(client, body, who=who)


@payout.command("simulate")
def simulate_run(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="The pay period; it need not have ended.")],
    group: Group = None,
    participant: Some = None,
    who: Actor = AUTHOR,
) -> None:
    """What a run would pay as things stand. Nothing is kept."""
    client = connected()
    body = {"period": period, "pay_group": _group(client, group, who=who), "participants": participant or None}
    show_run(client.post("/v1/runs/simulate", who=who, body=body), simulated=True)


@payout.command()
def calculate(run_id: RunId, who: Actor = AUTHOR) -> None:
    """Calculate a run again, as its author, after something changed."""
    show_run(connected().post(f"/v1/runs/{run_id}/calculate", who=who))


@payout.command()
def submit(run_id: RunId, who: Actor = AUTHOR) -> None:
    """Hand a run on for approval. What the stream still brings for its months is booked in the month after."""
    show_run(connected().post(f"/v1/runs/{run_id}/submit", who=who))


@payout.command("return")
def send_back(
    run_id: RunId,
    reason: Annotated[str, typer.Option("--reason", help="Why; its author reads it.")],
    who: Approver,
) -> None:
    """Give a submitted run back to its author."""
    show_run(connected().post(f"/v1/runs/{run_id}/return", who=who, body={"reason": reason}))


@payout.command()
def cancel(run_id: RunId, who: Actor = AUTHOR) -> None:
    """Give up a run that is not submitted, as its author."""
    show_run(connected().post(f"/v1/runs/{run_id}/cancel", who=who))


@payout.command()
def approve(run_id: RunId, who: Approver) -> None:
    """Take the next step of a run's approval. The last one books it and closes its months for good."""
    show_run(connected().post(f"/v1/runs/{run_id}/approve", who=who))


@payout.command()
def paid(run_id: RunId, who: Actor = AUTHOR) -> None:
    """Say that payroll has paid what it acknowledged."""
    show_run(connected().post(f"/v1/runs/{run_id}/pay", who=who))


@payout.command()
def pay(
    run_id: RunId,
    participant: Annotated[str, typer.Argument(metavar="PARTICIPANT", help="Whose pay.")],
    who: Actor = AUTHOR,
) -> None:
    """How a participant's pay in a run came about, step by step."""
    from rich.table import Table

    result = connected().get(f"/v1/runs/{run_id}/pay/{participant}", who=who)
    if not result["lines"]:
        raise LocalError(f"{participant} is not in {run_id}")
    table = Table("step", "about", "deal", "component", title=f"{participant} in {run_id}")
    table.add_column("amount", justify="right")
    for step in result["steps"]:
        words = (step["step"].replace("_", " "), step["about"], step["deal_id"] or "", step["component"] or "")
        table.add_row(*words, f"{money(step['amount'])} {step['currency']}")
    for line in result["lines"]:
        table.add_row("paid", "", "", "", f"{money(line['paid'])} {line['currency']}")
    print_table(table)


@payout.command()
def reconcile(
    run_id: RunId,
    tolerance: Annotated[str, typer.Option(help="By how much figures may differ, in major units.")] = "0",
    who: Actor = AUTHOR,
) -> None:
    """Compare source with credits, ledger with payroll and ledger with general ledger, and keep the result."""
    from rich.table import Table

    body = {"tolerance": tolerance}
    client = connected()
    comparisons = client.post(f"/v1/runs/{run_id}/reconciliations", who=who, body=body)["reconciliations"]
    latest = max((comparison["at"] for comparison in comparisons), default="")
    comparisons = [comparison for comparison in comparisons if comparison["at"] == latest]
    table = Table("comparison", "currency", title=f"{run_id}")
    for name in ("one", "other", "difference"):
        table.add_column(name, justify="right")
    table.add_column("")
    for comparison in comparisons:
        figures = [money(comparison[name]) for name in ("one", "other", "difference")]
        words = comparison["kind"].replace("_", " ")
        table.add_row(words, comparison["currency"], *figures, "agrees" if comparison["agrees"] else "differs")
    print_table(table)
    if "ledger_to_gl" not in {comparison["kind"] for comparison in comparisons}:
        typer.echo(as_called(f"Its month is not posted to the general ledger yet: {_posting(client, run_id, who=who)}"))


@payout.command()
def export(
    run_id: RunId,
    who: Actor = AUTHOR,
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write the file and its manifest; files/ of the folder.", callback=a_folder),
    ] = None,
) -> None:
    """Release the payroll files of an approved run, and write them with the manifests of what they must add up to."""
    from earnest.commands.payroll import download
    from earnest.local.home import Home

    client = connected()
    client.post(f"/v1/runs/{run_id}/export", who=who)
    folder = out or Home.current().files
    for batch in client.get(f"/v1/payroll/batches?run={run_id}", who=who)["batches"]:
        (first, _), *_ = download(client, batch["id"], folder=folder, who=who)
        typer.echo(f"Written: {first}, {counted(batch['record_count'], 'payment')}, sha256 {batch['sha256']}")


@payout.command()
def show(run_id: RunId, who: Actor = AUTHOR) -> None:
    """A run with its lines, and what it carries forward."""
    show_run(connected().get(f"/v1/runs/{run_id}", who=who))


@payout.command("list")
def list_runs(who: Actor = AUTHOR) -> None:
    """All runs, the latest month first."""
    from rich.table import Table

    table = Table()
    for name in ("run", "state", "author"):
        table.add_column(name, no_wrap=True)
    for name in ("paid", "people", "carried forward"):
        table.add_column(name, justify="right", no_wrap=name == "paid")
    for run in connected().get("/v1/runs", who=who)["runs"]:
        sums = [("", "", "")] if not run["totals"] else [_sums(total) for total in run["totals"]]
        columns = ["\n".join(column) for column in zip(*sums, strict=True)]
        table.add_row(run["id"], run["state"], run["author"], *columns)
    print_table(table, "There are no runs yet: earnest payout run PERIOD")


def _make(client: Client, body: dict[str, Any], *, who: str) -> None:
    made = client.post("/v1/runs", who=who, body=body)
    show_run(client.post(f"/v1/runs/{made['id']}/calculate", who=who))


def _posting(client: Client, run_id: str, *, who: str) -> str:
    """The commands that post the month of a run to the books, one for each legal entity that it pays from."""
    month = client.get(f"/v1/runs/{run_id}", who=who)["ends"][: len("2026-06")]
    batches = client.get(f"/v1/payroll/batches?run={run_id}", who=who)["batches"]
    entities = sorted({batch["entity"] or "" for batch in batches}) or [""]
    posts = (f"earnest payout gl post {month}" + (f" --entity {entity}" if entity else "") for entity in entities)
    return "; ".join(posts)


def _sums(total: dict[str, Any]) -> tuple[str, str, str]:
    return f"{money(total['paid'])} {total['currency']}", str(total["participants"]), money(total["carried_forward"])


def _group(client: Client, named: str | None, *, who: str) -> str:
    """The pay group that is meant: the only one there is, where none is named."""
    if named is not None:
        return named
    # Asked of the service: a folder does not know which policies are published.
    groups = [policy["id"] for policy in client.get("/v1/policies?kind=pay_group", who=who)["policies"]]
    if len(groups) > 1:
        raise LocalError(f"say which pay group with --group: {', '.join(groups)}")
    return groups[0] if groups else "default"
