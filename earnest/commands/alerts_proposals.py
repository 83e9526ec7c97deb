"""`earnest alerts propose`, `proposals`, `decide`: from an alert to a change of plan or quotas, and what came of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

import typer

from earnest.client import connected
from earnest.commands import ANALYST, Actor, a_folder
from earnest.commands.alerts import alerts
from earnest.commands.alerts_live import AsJson, Which
from earnest.hints import as_called
from earnest.terminal import money, print_table

if TYPE_CHECKING:
    from earnest.client import Client
    from earnest.proposals.candidates import Candidate, Proposing, Signal

MOST_LISTED = 1000


class Verdict(StrEnum):
    """What somebody decides about a proposal."""

    ACCEPT = "accept"
    REJECT = "reject"


@alerts.command()
def propose(
    alert: Which,
    out: Annotated[Path, typer.Option(help="Folder for the drafts; made if needed.", callback=a_folder)] = Path(
        "proposals"
    ),
    who: Actor = ANALYST,
) -> None:
    """Make the changes of plan or quotas that answer an alert, pay each over the last twelve months, and offer them.

    Nothing is applied: each is a draft plan or a file of quotas in the folder, which people publish or load.
    """
    from rich.console import Console

    from earnest.local.home import company_zone
    from earnest.local.processes import LocalError
    from earnest.proposals.plan_changes import NothingToChange
    from earnest.proposals.words import decision, plans_of, story
    from services.alerts.proposals import rules_for

    client = connected()
    found = client.get(f"/v1/alerts/{quote(alert, safe='')}", who=who, service="alerts")
    today = datetime.now(company_zone()).date()
    with Console(stderr=True).status("Reading deals, roster and plans") as status:
        proposing = _proposing(client, today=today, who=who)
        signal = _signal(found)
        try:
            made = list(
                proposing.candidates(signal, step=lambda what: status.update(f"Paying the last months, {what}"))
            )
        except NothingToChange as error:
            raise LocalError(str(error)) from None
    decided = [each for each in _listed(client, alert, who=who) if each["decision"] is not None]
    for each in decided:
        typer.echo(f"{each['proposal_id']}, {plans_of(each)}: {' '.join([*each['words'], *decision(each)])}\n")
    for left in proposing.left:
        typer.echo(f"{left.plan} has no {left.kind.replace('_', ' ')}: {left.why}", err=True)
    if not made and decided:
        return
    if not made:
        for rule in rules_for(signal.kpi, signal.direction):
            typer.echo(f"Likely cause: {rule.cause} {rule.behaviour} ({rule.source})")
        raise LocalError(f"no change of plan or quotas is known that answers {signal.kpi} going {signal.direction}")
    body = {"proposals": [_body(each) for each in made]}
    offered = client.post(f"/v1/alerts/{quote(alert, safe='')}/proposals", who=who, body=body, service="alerts")
    # What somebody has decided about stays as they saw it, and is not drafted anew.
    told = [
        (proposal, each)
        for proposal, each in zip(offered["proposals"], made, strict=True)
        if proposal["decision"] is None
    ]
    if not told:
        typer.echo("Nothing else answers it.")
        return
    out.mkdir(parents=True, exist_ok=True)
    files = {file.file: file.text for _, each in told for file in each.files}
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
    for proposal, _ in told:
        typer.echo("\n".join(story(proposal, alert=found)))
        if proposal["stage"] == "retired":
            typer.echo(f"  {' '.join(decision(proposal))}, and this waits until that is in force.")
        typer.echo()
    typer.echo(f"Written to {out}: {', '.join(sorted(files))}")
    if alternatives := _checked_by_themselves(told, out):
        typer.echo("These are alternatives, versions of the same number among them; each is checked by itself:")
        for line in alternatives:
            typer.echo(as_called(f"  earnest plan check {line}"))
    if any(proposal["stage"] == "offered" for proposal, _ in told):
        typer.echo(as_called("Next: earnest alerts decide PROPOSAL accept|reject --reason TEXT"))


def _checked_by_themselves(told: list[tuple[dict[str, Any], Candidate]], out: Path) -> list[str]:
    """The drafts of each proposal, where there are several: side by side they would clash."""
    from earnest.proposals.drafts import Draft

    drafts = [[str(out / file.file) for file in each.files if isinstance(file, Draft)] for _, each in told]
    lines = [" ".join(files) for files in drafts if files]
    return lines if len(lines) > 1 else []


@alerts.command()
def proposals(
    alert: Annotated[str | None, typer.Argument(metavar="ALERT", help="Only those for this alert.")] = None,
    json: AsJson = False,
    who: Actor = ANALYST,
) -> None:
    """Proposals with what they would have cost; of those accepted what became of the KPI since."""
    import orjson
    from rich.table import Table

    from earnest.proposals.words import decision, plans_of

    client = connected()
    found = _listed(client, alert, who=who)
    # What became of the KPI is asked for where there may be something to say.
    whole = [
        _detail(client, each["proposal_id"], who=who) if each["decision"] == "accepted" else each for each in found
    ]
    if json:
        typer.echo(orjson.dumps({"proposals": whole}, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("proposal", "what", "cost", "gain, lose", "from", "decision", show_lines=True)
    for each in whole:
        effect = each["effect"]
        table.add_row(
            each["proposal_id"],
            f"{plans_of(each)}: {' '.join(each['words'])}",
            f"{money(effect['cost_before'])} to {money(effect['cost_after'])} {effect['currency']}" if effect else "",
            f"{effect['gain']}, {effect['lose']}" if effect else "",
            each["effective_from"],
            "\n".join(decision(each)),
        )
    print_table(table, "There is no proposal: earnest alerts propose ALERT")


@alerts.command()
def decide(
    proposal: Annotated[
        str, typer.Argument(metavar="PROPOSAL", help="Its id, as `earnest alerts proposals` tells it.")
    ],
    verdict: Annotated[Verdict, typer.Argument(help="What you decide.")],
    reason: Annotated[str, typer.Option(help="Why, in words that are understood in a year.")],
    out: Annotated[
        Path, typer.Option(help="Folder for the draft that is accepted; made if needed.", callback=a_folder)
    ] = Path("proposals"),
    who: Actor = ANALYST,
) -> None:
    """Accept or reject a proposal. Nothing is applied: the lines that publish its drafts are printed."""
    from earnest.local.processes import LocalError

    path = f"/v1/proposals/{quote(proposal, safe='')}/decision"
    decision = "accepted" if verdict is Verdict.ACCEPT else "rejected"
    body = {"decision": decision, "reason": reason}
    decided = connected().post(path, who=who, body=body, service="alerts")
    typer.echo(f"{proposal} is {decision} by {decided['decided_by']}: {decided['reason']}")
    if verdict is Verdict.REJECT:
        return
    # The files as they were decided about, whatever has become of those that were written.
    out.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[str]] = {"earnest plan publish": [], "earnest roster load": []}
    for each in decided["files"]:
        if each["text"] is None:
            raise LocalError(f"{each['file']} has everybody's quotas: only a key that may read earnings is given it")
        file = out / each["file"]
        file.write_text(each["text"], encoding="utf-8")
        lines["earnest plan publish" if each["plan"] else "earnest roster load"].append(str(file))
    for line, named in lines.items():
        if named:
            typer.echo(as_called(f"It holds from {decided['effective_from']} once you say: {line} {' '.join(named)}"))


def _proposing(client: Client, *, today: Any, who: str) -> Proposing:
    """The history of the installation, and the texts of its plans."""
    from earnest.live.facts import live_inputs
    from earnest.plans.published import file_of
    from earnest.proposals.candidates import Proposing
    from shared.kernel.plan.plan_file import plans_of_text

    inputs = live_inputs(client, who=who)
    texts: dict[str, str] = {}
    for plan in inputs.plans:
        file = file_of(client, plan.key, who=who).decode().removeprefix("\ufeff")
        # A file may hold several versions.
        texts |= {each.plan.key: each.text for each in plans_of_text(file, plan.key) if each.plan is not None}
    return Proposing(inputs=inputs, texts=texts, today=today)


@alerts.command()
def verify(
    proposal: Annotated[
        str, typer.Argument(metavar="PROPOSAL", help="Its id, as `earnest alerts proposals` tells it.")
    ],
    who: Actor = ANALYST,
) -> None:
    """Pay the files of a proposal over its months once more, for everyone, and compare with what it says. Exit code 1
    where a figure differs: facts have changed since.
    """
    from rich.console import Console

    from earnest.local.home import company_zone
    from earnest.local.processes import LocalError
    from earnest.plans.cost_of_change import cost_table
    from earnest.proposals.verification import NotVerifiable, differences, recalculated

    client = connected()
    offered = _detail(client, proposal, who=who)
    alert = client.get(f"/v1/alerts/{quote(offered['alert_id'], safe='')}", who=who, service="alerts")
    today = datetime.now(company_zone()).date()
    with Console(stderr=True).status("Reading deals, roster and plans") as status:
        proposing = _proposing(client, today=today, who=who)
        status.update("Paying the months again")
        try:
            again = recalculated(proposing, offered, signal=_signal(alert))
        except NotVerifiable as error:
            raise LocalError(f"{proposal} cannot be calculated again: {error}") from None
    typer.echo(cost_table(again.pay, over=f"{again.effect.span.first} to {again.effect.span.last}"))
    found = list(differences(offered["effect"], again.effect))
    if found:
        raise LocalError(f"not what {proposal} says, facts have changed since it was offered: {'; '.join(found)}")
    typer.echo(f"This is what {proposal} says, to the cent.")


def _listed(client: Client, alert: str | None, *, who: str) -> list[dict[str, Any]]:
    query = urlencode({"limit": MOST_LISTED, **({"alert_id": alert} if alert else {})})
    found: list[dict[str, Any]] = client.get(f"/v1/proposals?{query}", who=who, service="alerts")["proposals"]
    return found


def _signal(alert: dict[str, Any]) -> Signal:
    from earnest.proposals.candidates import Signal

    return Signal(alert["kpi"], alert["direction"], alert["dimension"] or "", alert["segment"] or "")


def _detail(client: Client, proposal: str, *, who: str) -> dict[str, Any]:
    return client.get(f"/v1/proposals/{quote(proposal, safe='')}", who=who, service="alerts")


def _body(candidate: Candidate) -> dict[str, Any]:
    """A candidate as the service takes it."""
    from earnest.proposals.drafts import Draft
    from earnest.proposals.verification import told

    files = [
        {"file": each.file, "text": each.text}
        | ({"plan": each.plan.plan, "version": each.plan.version} if isinstance(each, Draft) else {})
        for each in candidate.files
    ]
    return {
        "rule": candidate.rule.rule,
        "kind": candidate.change.kind,
        "plans": candidate.plans,
        "words": candidate.words,
        "cause": candidate.rule.cause,
        "behaviour": candidate.rule.behaviour,
        "source": candidate.rule.source,
        "effective_from": candidate.effective_from.isoformat(),
        "files": files,
        "effect": told(candidate.effect),
    }
