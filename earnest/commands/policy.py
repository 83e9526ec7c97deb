"""`earnest policy`: the settings of payout as documents: check a file, publish it, see what holds and since when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from earnest.client import connected
from earnest.commands import ANALYST, AUTHOR, Actor, Out, app, give_schema
from earnest.commands.change import next_person
from earnest.terminal import print_table

policy = typer.Typer(
    no_args_is_help=True,
    help="Policies of payout, such as pay groups and payment terms: check, publish, list and show them.",
)
app.add_typer(policy, name="policy")

PolicyFile = Annotated[Path, typer.Argument(metavar="FILE", help="A policy as YAML or JSON.")]
Kind = Annotated[str, typer.Argument(metavar="KIND", help="The kind of policy, such as pay_group.")]
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="The version that holds on this day.")]


@policy.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Policy files, or folders of policy files.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs instead of text for people.")] = False,
) -> None:
    """Say what is wrong in policy files, with line and column. Exit code 1 where something is."""
    from earnest.policies import check_file, policy_files
    from shared.kernel.plan import report

    every = [file for path in files for file in policy_files(path)]
    findings = [finding for file in every for finding in check_file(file)[1]]
    typer.echo(report.as_json(findings) if as_json else report.as_text(findings, len(every)))
    if findings:
        raise typer.Exit(1)


@policy.command()
def publish(
    file: PolicyFile,
    reason: Annotated[str, typer.Option("--reason", help="Why it is published; kept with the version.")],
    expected: Annotated[
        bool, typer.Option("--expected", help="What it names and is not there yet will come, such as a plan.")
    ] = False,
    who: Actor = ANALYST,
) -> None:
    """Publish a policy. What is published is never changed: the next version replaces it from its day on. One that
    controls money (approvals, pay groups, payroll profiles, deliveries) is published when somebody else approves it.
    """
    from earnest.policies import read_policy_file

    # Checked here first, with lines and columns; the service checks it again, for it cannot know that we did.
    policy = read_policy_file(file)
    address = f"/v1/policies/{policy.kind}/{policy.id}"
    body = {"policy": policy.body(), "reason": reason, "expected": expected}
    published = connected().put(address, who=who, body=body)
    typer.echo(next_person(published) if published.get("state") == "proposed" else _in_words(published))
    for warning in published["warnings"]:
        typer.echo(f"Warning: {warning}")


@policy.command("list")
def list_policies(
    kind: Annotated[str | None, typer.Option("--kind", help="Policies of this kind only.")] = None,
    on: On = None,
    who: Actor = AUTHOR,
) -> None:
    """Every policy in its latest version, or in the one that holds on a day."""
    from rich.table import Table

    table = Table("kind", "id", "version", "valid from", "author", "reason")
    for policy in connected().get(f"/v1/policies{_query(kind=kind, on=on)}", who=who)["policies"]:
        table.add_row(
            policy["kind"],
            policy["id"],
            str(policy["version"]),
            policy["valid_from"],
            policy["author"],
            policy["reason"],
        )
    wanted = f"{f' of the kind {kind}' if kind else ''}{f' on {on}' if on else ''}"
    print_table(table, f"There is no policy{wanted}: earnest policy publish FILE")


@policy.command()
def show(
    kind: Kind,
    policy_id: Annotated[str, typer.Argument(metavar="ID", help="The policy's id.")],
    version: Annotated[int | None, typer.Option(help="This version; otherwise the latest.")] = None,
    on: On = None,
    who: Actor = AUTHOR,
) -> None:
    """A policy as YAML, under the list of its versions."""
    import yaml

    query = _query(version=version, on=on)
    policy = connected().get(f"/v1/policies/{kind}/{policy_id}{query}", who=who)
    for entry in policy["versions"]:
        typer.echo(f"# {'*' if entry['version'] == policy['version'] else ' '} {_in_words(entry)}")
    typer.echo(yaml.safe_dump(policy["policy"], sort_keys=False, allow_unicode=True).rstrip())


@policy.command()
def schema(
    kind: Kind,
    out: Out = None,
) -> None:
    """The JSON Schema of a kind of policies, by which editors complete and explain what they hold."""
    from earnest.files.rejections import FileError
    from services.payout.policies import NoSuchKind, model_of, schema_of

    try:
        schema = schema_of(model_of(kind))
    except NoSuchKind as error:
        raise FileError(str(error)) from None
    give_schema(schema, out)


def _in_words(policy: dict[str, Any]) -> str:
    return (
        f"{policy['kind']} {policy['id']} version {policy['version']}, from {policy['valid_from']} on, "
        f"by {policy['author']}: {policy['reason']}"
    )


def _query(**asked: object) -> str:
    said = {name: str(value) for name, value in asked.items() if value is not None}
    return f"?{urlencode(said)}" if said else ""
