"""`earnest alerts propose`, `proposals`, `decide`: from an alert to a change of plan or quotas, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
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
    from earnest.proposals.candidates import Candidate, Proposing

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
    """Make the changes of plan or quotas that answer an alert, pay each over the last year, and offer them.

    Nothing is applied: each is a draft plan or a file of quotas in the folder, which people publish or load.
    """
    from rich.console import Console

    from earnest.local.home import company_zone
    from earnest.local.processes import LocalError
    from earnest.proposals.candidates import Signal
    from earnest.proposals.plan_changes import NothingToChange
    from services.alerts.proposals import rules_for

    client = connected()
    found = client.get(f"/v1/alerts/{quote(alert, safe='')}", who=who, service="alerts")
    today = datetime.now(company_zone()).date()
    with Console(stderr=True).status("Reading deals, roster and plans") as status:
        proposing = _proposing(client, today=today, who=who)
        signal = Signal(found["kpi"], found["direction"], found["dimension"] or "", found["segment"] or "")
        try:
            made = list(proposing.candidates(signal, step=lambda what: status.update(f"Paying the last year, {what}")))
        except NothingToChange as error:
            raise LocalError(str(error)) from None
    for left in proposing.left:
        typer.echo(f"{left.plan} has no {left.kind.replace('_', ' ')}: {left.why}", err=True)
    if not made:
        for rule in rules_for(signal.kpi, signal.direction):
            typer.echo(f"Likely cause: {rule.cause} {rule.behaviour} ({rule.source})")
        raise LocalError(f"no change of plan or quotas is known that answers {signal.kpi} going {signal.direction}")
    body = {"proposals": [_body(each) for each in made]}
    offered = client.post(f"/v1/alerts/{quote(alert, safe='')}/proposals", who=who, body=body, service="alerts")
    out.mkdir(parents=True, exist_ok=True)
    for each in made:
        (out / each.file).write_text(each.text, encoding="utf-8")
    for proposal in offered["proposals"]:
        typer.echo("\n".join(_story(proposal, alert=found)) + "\n")
    typer.echo(f"Written to {out}: {', '.join(sorted({each.file for each in made}))}")
    typer.echo(as_called("Next: earnest alerts decide PROPOSAL accept|reject --reason TEXT"))


@alerts.command()
def proposals(
    alert: Annotated[str | None, typer.Argument(metavar="ALERT", help="Only those for this alert.")] = None,
    json: AsJson = False,
    who: Actor = ANALYST,
) -> None:
    """Proposals with what they would have cost; of those accepted what became of the KPI since."""
    import orjson
    from rich.table import Table

    client = connected()
    query = urlencode({"limit": MOST_LISTED, **({"alert_id": alert} if alert else {})})
    found = client.get(f"/v1/proposals?{query}", who=who, service="alerts")["proposals"]
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
            " ".join(each["words"]),
            f"{money(effect['cost_before'])} to {money(effect['cost_after'])} {effect['currency']}" if effect else "",
            f"{effect['gain']}, {effect['lose']}" if effect else "",
            each["effective_from"],
            "\n".join(_decision(each)),
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
    """Accept or reject a proposal. Nothing is applied: the line that publishes the draft is printed."""
    from earnest.local.processes import LocalError

    path = f"/v1/proposals/{quote(proposal, safe='')}/decision"
    decision = "accepted" if verdict is Verdict.ACCEPT else "rejected"
    body = {"decision": decision, "reason": reason}
    decided = connected().post(path, who=who, body=body, service="alerts")
    typer.echo(f"{proposal} is {decision} by {decided['decided_by']}: {decided['reason']}")
    if verdict is Verdict.REJECT:
        return
    if decided["text"] is None:
        raise LocalError(f"{decided['file']} has everybody's quotas: only a key that may read earnings is given it")
    # The file as it was decided about, whatever has become of the one that was written.
    out.mkdir(parents=True, exist_ok=True)
    file = out / decided["file"]
    file.write_text(decided["text"], encoding="utf-8")
    line = "earnest plan publish" if decided["version"] is not None else "earnest roster load"
    typer.echo(as_called(f"It holds from {decided['effective_from']} once you say: {line} {file}"))


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


def _detail(client: Client, proposal: str, *, who: str) -> dict[str, Any]:
    return client.get(f"/v1/proposals/{quote(proposal, safe='')}", who=who, service="alerts")


def _body(candidate: Candidate) -> dict[str, Any]:
    """A candidate as the service takes it."""
    effect = candidate.effect
    figures = {
        name: {"before": f"{before:.6f}", "after": f"{effect.figures_after[name]:.6f}"}
        for name, before in effect.figures_before.items()
        if name in effect.figures_after
    }
    amounts = ("cost_before", "cost_after", "change_p10", "change_p50", "change_p90")
    return {
        "rule": candidate.rule.rule,
        "kind": candidate.change.kind,
        "plan": candidate.plan,
        "version": candidate.version,
        "words": candidate.words,
        "cause": candidate.rule.cause,
        "behaviour": candidate.rule.behaviour,
        "source": candidate.rule.source,
        "effective_from": candidate.effective_from.isoformat(),
        "file": candidate.file,
        "text": candidate.text,
        "effect": {
            "first": effect.span.first,
            "last": effect.span.last,
            "currency": effect.currency,
            **{name: str(getattr(effect, name)) for name in amounts},
            **{name: getattr(effect, name) for name in ("gain", "lose", "same")},
            "figures": figures,
        },
    }


def _story(proposal: dict[str, Any], *, alert: dict[str, Any]) -> Iterator[str]:
    """A proposal in sentences."""
    from decimal import Decimal

    from shared.drift.words import Naming
    from shared.formatting import amount

    effect = proposal["effect"]
    yield f"{proposal['proposal_id']}, {proposal['plan']}: {' '.join(proposal['words'])}"
    yield f"  Cause: {proposal['cause']} ({proposal['source']})"
    if effect is None:
        yield "  What it changes of few people's pay is told to those who may read earnings."
        return
    before, after = Decimal(effect["cost_before"]), Decimal(effect["cost_after"])
    percent = f", {100 * (after - before) / before:+.1f}%" if before else ""
    yield (
        f"  {effect['first']} to {effect['last']} would have cost {amount(after)} instead of {amount(before)} "
        f"{effect['currency']}{percent}: {effect['gain']} gain, {effect['lose']} lose, {effect['same']} stay the same."
    )
    changes = ", ".join(f"p{each} {amount(Decimal(effect[f'change_p{each}']))}" for each in (10, 50, 90))
    yield f"  Of those whose pay it changes, by: {changes}."
    kpi = effect["figures"].get(alert["kpi"])
    if kpi is not None:
        naming = Naming(title=alert["title"], unit=alert["unit"], currency=alert["currency"] or "")
        before_after = float(kpi["before"]), float(kpi["after"])
        was, now = (
            naming.figure(each, beside=other) for each, other in zip(before_after, before_after[::-1], strict=True)
        )
        segment = f" of {alert['dimension']} {alert['segment']}" if alert["segment"] else ""
        stays = "stays as it was" if was == now else f"would have been {now} instead of {was}"
        yield f"  {alert['title']}{segment} {stays}."
    yield f"  {proposal['behaviour']}"
    yield f"  To hold from {proposal['effective_from']}: {proposal['file']}"


def _decision(proposal: dict[str, Any]) -> Iterator[str]:
    if proposal["decision"] is None:
        yield "none yet"
        return
    yield f"{proposal['decision']} by {proposal['decided_by']}: {proposal['reason']}"
    later = proposal.get("later_effect")
    if later is not None:
        yield from _later(later)


def _later(later: dict[str, Any]) -> Iterator[str]:
    """What became of the KPI, with what may be said of it and what not."""
    if later["pairs"] == 0:
        yield "Nothing is over yet since it holds."
        return
    interval = f", 95% {later['low']:+.4f} to {later['high']:+.4f}" if later["low"] is not None else ""
    yield (
        f"Since then {later['kpi'].replace('_', ' ')} {later['verdict']}: {later['difference']:+.4f}{interval}, "
        f"{later['pairs']} pairs of the same time of year. Not causal."
    )
