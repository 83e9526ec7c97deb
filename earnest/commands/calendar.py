"""`earnest calendar`: the pay periods of a pay group."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from earnest.commands import app
from earnest.terminal import print_table

calendar = typer.Typer(
    no_args_is_help=True, help="Pay calendars: which pay periods a pay group has, and when each is paid."
)
app.add_typer(calendar, name="calendar")


@calendar.command()
def show(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="A pay group's id, or the file of its policy.")],
    year: Annotated[
        int | None, typer.Option(min=1901, max=2198, help="The year in which the pay periods end; this year.")
    ] = None,
    who: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Whose key asks: one in the folder's keys/.")
    ] = "dana",
) -> None:
    """The pay periods that end in a year. Of a file, those that its policy would give."""
    from datetime import UTC, datetime

    from rich.table import Table

    year = year or datetime.now(UTC).year
    periods = _of_file(Path(group), year) if Path(group).is_file() else _published(group, year, who=who)
    table = Table("pay period", "from", "to", "paid", "acknowledged by", "closes", title=f"{group}, {year}")
    for period in periods:
        table.add_row(
            *(str(period[name]) for name in ("name", "start", "end", "pay_date", "cut_off")),
            ", ".join(period["closes"]),
        )
    print_table(table)


def _published(group: str, year: int, *, who: str) -> list[dict[str, Any]]:
    from earnest.client import connected

    path = f"/v1/pay-groups/{group}/periods?first={year}-01-01&last={year}-12-31"
    periods: list[dict[str, Any]] = connected().get(path, who=who)["periods"]
    return periods


def _of_file(file: Path, year: int) -> list[dict[str, Any]]:
    from dataclasses import asdict
    from datetime import date

    from earnest.files.rejections import FileError
    from earnest.policies import read_policy_file
    from shared.pay.calendars.pay_periods import pay_periods
    from shared.pay.calendars.policy import PayGroup

    group = read_policy_file(file)
    if not isinstance(group, PayGroup):
        raise FileError(f"{file} is a policy of kind {group.kind}, and only a pay_group has pay periods")
    periods = pay_periods(group, date(year, 1, 1), last=date(year, 12, 31))
    return [{**asdict(period), "closes": period.months} for period in periods]
