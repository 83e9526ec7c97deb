"""`earnest alerts list`, `show`, `ack`, `snooze`, `resolve` and their kin: the alerts of an installation that runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from urllib.parse import quote

import typer

from earnest.client import connected, pages
from earnest.commands import Actor
from earnest.commands.alerts import alerts
from earnest.hints import as_called
from earnest.terminal import print_table
from shared.formatting import counted

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Which = Annotated[str, typer.Argument(metavar="ALERT", help="Its id, as `earnest alerts list` tells it.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one document.")]
States = Literal["open", "acknowledged", "resolved", "unresolved", "all"]
WHO: Final = "ops"
_SPAN: Final = re.compile(r"([1-9][0-9]{0,3})([hdw])")
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}


@alerts.command("list")
def list_alerts(
    state: Annotated[States, typer.Option(help="Which; unresolved are open and acknowledged.")] = "unresolved",
    kpi: Annotated[str, typer.Option(help="Only of this KPI.")] = "",
    owner: Annotated[str, typer.Option(help="Only those that this person looks after.")] = "",
    plan: Annotated[str, typer.Option(help="Only those about this plan alone.")] = "",
    about: Annotated[Literal["plan", "road"] | None, typer.Option(help="Only of the plan, or of the road.")] = None,
    json: AsJson = False,
    who: Actor = WHO,
) -> None:
    """Alerts, the latest first. Those that another one stands for are counted behind it, and listed with --json."""
    from rich.table import Table

    from earnest.local.home import company_zone

    zone = company_zone()
    query = {"state": state, "kpi": kpi, "owner": owner, "plan": plan, "about": about}
    asked = {name: value for name, value in query.items() if value}
    listed = pages(connected(), "/v1/alerts", query=asked, who=who, service="alerts")
    found = [alert for page in listed for alert in page["alerts"]]
    if json:
        _print_json({"alerts": found})
        return
    by_id = {alert["alert_id"]: alert for alert in found}
    stands_for = Counter(first_cause(alert, by_id) for alert in found)
    table = Table("alert", "what", "seen last", "expected", "began about", "found", "state", "owner", show_lines=True)
    for alert in found:
        if alert["suppressed_by"] in by_id:
            continue
        table.add_row(
            alert["alert_id"],
            _subject(alert) + _and_more(stands_for[alert["alert_id"]] - 1),
            _seen_last(alert),
            _figure(alert, "latest_expected", beside="latest_value"),
            alert["onset"],
            alert["detected_on"],
            _state(alert, zone),
            alert["owner"] or "",
        )
    print_table(table, "There is no such alert." if asked.keys() > {"state"} else f"There is no alert that is {state}.")


@alerts.command()
def show(alert: Which, json: AsJson = False, who: Actor = WHO) -> None:
    """One alert: what is wrong since when, what drove it, what was done, and what comes next."""
    found = connected().get(_path(alert), who=who, service="alerts")
    if json:
        _print_json(found)
        return
    for line in _story(found):
        typer.echo(as_called(line))


@alerts.command()
def ack(
    alert: Which,
    note: Annotated[str | None, typer.Option(help="What is being done about it.")] = None,
    who: Actor = WHO,
) -> None:
    """Acknowledge: you look after it, and nobody else is called."""
    made = _post(alert, "acknowledge", body={"note": note}, who=who)
    typer.echo(f"{alert} is acknowledged, owner {made['owner']}")


@alerts.command()
def snooze(
    alert: Which,
    until: Annotated[
        str, typer.Option(help="When to be told again: 4h, 3d, 2w from now, or 2026-04-01, or 2026-04-01T09:00.")
    ],
    reason: Annotated[str | None, typer.Option(help="Why it can wait.")] = None,
    who: Actor = WHO,
) -> None:
    """Be told again later. If it is not over by then it is open again, by itself."""
    from earnest.local.home import company_zone

    zone = company_zone()
    instant = _instant(until, now=datetime.now(UTC), zone=zone)
    _post(alert, "snooze", body={"until": instant.isoformat(), "reason": reason}, who=who)
    typer.echo(f"{alert} is snoozed until {_time(instant.isoformat(), zone)}")


@alerts.command()
def note(
    alert: Which, text: Annotated[str, typer.Argument(metavar="TEXT", help="The note.")], who: Actor = WHO
) -> None:
    """Write a note for whoever looks at it next."""
    _post(alert, "notes", body={"note": text}, who=who)
    typer.echo(f"{alert}: noted")


@alerts.command()
def assign(
    alert: Which,
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="Who looks after it: a key or an address.")],
    note: Annotated[str | None, typer.Option(help="What for.")] = None,
    who: Actor = WHO,
) -> None:
    """Say who looks after it."""
    made = _post(alert, "assign", body={"owner": owner, "note": note}, who=who)
    typer.echo(f"{alert}: {made['owner']} looks after it")


@alerts.command()
def resolve(
    alert: Which,
    reason: Annotated[str, typer.Option(help="What was decided, in words that are understood in a year.")],
    who: Actor = WHO,
) -> None:
    """Resolve by a decision. It comes back only if it becomes clearly worse, or as another episode."""
    _post(alert, "resolve", body={"reason": reason}, who=who)
    typer.echo(f"{alert} is resolved: {reason}")


@alerts.command()
def feedback(
    alert: Which,
    useful: Annotated[bool, typer.Option("--useful/--not-useful", help="Whether it was worth telling.")],
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    who: Actor = WHO,
) -> None:
    """Say whether it was of use; that tells whether the limits of its KPI are right."""
    _post(alert, "feedback", body={"useful": useful, "reason": reason}, who=who)
    typer.echo(f"{alert}: noted as {'useful' if useful else 'not useful'}")


@alerts.command()
def mute(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="What to call it, as quarter-end.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Its first date; today.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Its last date.")] = None,
    before: Annotated[
        int, typer.Option("--last-of-quarter", help="Instead of dates: so many last business days of every quarter.")
    ] = 0,
    after: Annotated[
        int, typer.Option("--first-of-quarter", help="Instead of dates: so many first business days of every quarter.")
    ] = 0,
    kpi: Annotated[list[str] | None, typer.Option(help="Only alerts of this KPI; may be said several times.")] = None,
    about: Annotated[Literal["plan", "road"] | None, typer.Option(help="Only of the plan, or of the road.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why everybody knows already.")] = None,
    json: AsJson = False,
    who: Actor = WHO,
) -> None:
    """Mute alerts for a span of dates, or at every quarter's end; without a NAME: the mutes that there are.

    Alerts still open and are listed, but nobody is told. A mute of the same name is changed; to end one, let it end
    yesterday.
    """
    from rich.table import Table

    from earnest.local.home import company_zone
    from earnest.local.processes import LocalError

    client = connected()
    if name is not None:
        if reason is None or (until is None and before + after == 0):
            raise LocalError(
                "a mute needs its days and why: --to 2026-04-03 --reason 'the new plan',"
                " or --last-of-quarter 3 --first-of-quarter 2"
            )
        today = datetime.now(company_zone()).date().isoformat()
        first = since or (None if until is None else min(today, until))
        days = {"starts_on": first, "ends_on": until, "last_of_quarter": before, "first_of_quarter": after}
        body = {"name": name, **days, "kpis": kpi or [], "about": about, "reason": reason}
        made = client.post("/v1/mutes", who=who, body=body, service="alerts")
        typer.echo(f"{made['name']}: nobody is told {_days(made)}")
        return
    found = client.get("/v1/mutes", who=who, service="alerts")
    if json:
        _print_json(found)
        return
    table = Table("mute", "when", "of", "why", "by")
    for each in found["mutes"]:
        of = ", ".join(each["kpis"]) or (f"the {each['about']}" if each["about"] else "everything")
        table.add_row(each["name"], _days(each), of, each["reason"], each["who"])
    print_table(table, "Nothing is muted, now or later.")


def _days(mute: dict[str, Any]) -> str:
    if mute["starts_on"] is not None:
        return f"from {mute['starts_on']} to {mute['ends_on']}"
    days = [
        f"on the {which} {counted(mute[f'{which}_of_quarter'], 'business day')} of every quarter"
        for which in ("last", "first")
        if mute[f"{which}_of_quarter"]
    ]
    return " and ".join(days)


def _post(alert: str, act: str, *, body: dict[str, Any], who: str) -> dict[str, Any]:
    return connected().post(f"{_path(alert)}/{act}", who=who, body=body, service="alerts")


def _path(alert: str) -> str:
    return f"/v1/alerts/{quote(alert, safe='')}"


def _print_json(document: dict[str, Any]) -> None:
    import orjson

    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def _instant(text: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant that a text means: so long from now, the beginning of a day, or a time in the company's zone."""
    from earnest.local.processes import LocalError

    if (span := _SPAN.fullmatch(text)) is not None:
        return now + timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise LocalError(f"--until: {text!r} is no time; write 4h, 3d, 2w, 2026-04-01 or 2026-04-01T09:00") from None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=zone)


def _time(instant: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d %H:%M}"


def _subject(alert: dict[str, Any]) -> str:
    currency = f" in {alert['currency']}" if alert["currency"] else ""
    segment = f", {alert['dimension']} {alert['segment'] or '(of one person)'}" if alert["dimension"] else ""
    return f"{alert['title']}{currency}{segment}"


def _figure(alert: dict[str, Any], name: str, *, beside: str) -> str:
    if alert[name] is None or alert["detector"] == "prometheus":
        return ""
    from shared.drift.words import Naming

    other = None if alert[beside] is None else float(alert[beside])
    naming = Naming(title=alert["title"], unit=alert["unit"], currency=alert["currency"] or "")
    return naming.figure(float(alert[name]), beside=other)


def _seen_last(alert: dict[str, Any]) -> str:
    """The latest figure, and as of when it is: of what is over, of its end."""
    if alert["detector"] == "prometheus" or (alert["dimension"] and not alert["segment"]):
        return ""
    return f"{_figure(alert, 'latest_value', beside='latest_expected') or 'unknown'} on {alert['as_of']}"


def _state(alert: dict[str, Any], zone: ZoneInfo) -> str:
    quiet = [
        f"snoozed until {_time(alert['snoozed_until'], zone)}" if alert["snoozed_until"] else "",
        f"part of {alert['suppressed_by']}" if alert["suppressed_by"] else "",
        f"muted: {alert['muted_by']}" if alert["muted_by"] else "",
    ]
    state = f"resolved: {alert['resolution']}" if alert["state"] == "resolved" else alert["state"]
    return ", ".join([state, *filter(None, quiet)])


def first_cause(alert: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> str:
    """The alert that stands for one, or for what stands for it; it itself where none of those listed does."""
    while alert["suppressed_by"] in by_id:
        alert = by_id[alert["suppressed_by"]]
    return str(alert["alert_id"])


def _what(act: dict[str, Any]) -> str:
    if act["what"] == "judged":
        return f"gave feedback, {'useful' if act['useful'] else 'not useful'}"
    return f"{act['what']} {act['to']}" if act["to"] and act["what"] == "assigned" else str(act["what"])


def _and_more(number: int) -> str:
    return f" (and {number} that it stands for)" if number else ""


def _story(alert: dict[str, Any]) -> Iterator[str]:
    """An alert in sentences."""
    from earnest.local.home import company_zone

    zone = company_zone()
    yield f"{alert['alert_id']}: {_subject(alert)}"
    yield f"  {alert['meaning']}" if alert["meaning"] else ""
    now, expected = (
        _figure(alert, "latest_value", beside="latest_expected"),
        _figure(alert, "latest_expected", beside="latest_value"),
    )
    if now:
        limit = "allowed" if alert["detector"] == "threshold" else "expected"
        yield f"  As of {alert['as_of']} it is {now}" + (f", where {expected} is {limit}." if expected else ".")
    elif found := _figure(alert, "value", beside="expected"):
        yield f"  As of {alert['as_of']} too little is known of it; when it was found it was {found}."
    onset = f", it began about {alert['onset']}" if alert["onset"] != alert["detected_on"] else ""
    over = f", over since {alert['recovered_on']}" if alert["recovered_on"] else ""
    yield f"  Found on {alert['detected_on']} by the rule {alert['rule']}{onset}{over}."
    owner = f", owner {alert['owner']}" if alert["owner"] else ", nobody owns it"
    state = _state(alert, zone)
    yield f"  {state[:1].upper()}{state[1:]}, {alert['severity']}{owner}."
    if alert["drivers"]:
        yield "  What drove it:"
        for driver in alert["drivers"][:5]:
            by = f" ({driver['contribution']:+.3g})" if driver["dimension"] == "quantile" else ""
            yield f"    {driver['dimension']} {driver['segment']}: {driver['share']:.0%} of the change{by}"
    if alert["children"]:
        yield f"  It stands for {', '.join(alert['children'])}."
    yield "  What was done:"
    for act in alert["acts"]:
        until = f" until {_time(act['until'], zone)}" if act["until"] else ""
        why = f": {act['why']}" if act["why"] else ""
        yield f"    {_time(act['at'], zone)}  {act['who']}  {_what(act)}{until}{why}"
    if alert["state"] != "resolved":
        yield f"  What to do: {alert['action']}" if alert["action"] else ""
        yield f"  Next: earnest alerts ack {alert['alert_id']} --as NAME, or snooze, assign, note, resolve"
