"""A CRM's real export pays the same to the cent through the running system and from files alone."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from earnest.imports.reading import participant_id, read_deals
from earnest.imports.recipe import Recipe, read_recipe
from earnest.imports.team import quotas, team
from earnest.local.processes import LocalError
from earnest.local.system import System
from shared.database import database_url, engine_for
from shared.money import from_minor
from shared.settings import Settings
from tests import command_line

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "crm-opportunities"
WON = Decimal("10005534")
PLACED = Settings(database_url="postgresql://")


@pytest.fixture
def export(shared_folder: Path) -> Path:
    return shared_folder / "data" / "crm-opportunities"


def earnest(*arguments: str | Path, home: Path | None = None) -> str:
    run = command_line.earnest(*arguments, environment={"EARNEST_HOME": str(home)} if home else {})
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def from_files(export: Path, out: Path) -> dict[tuple[str, str, str], Decimal]:
    earnest("import", export, "--with", EXAMPLE, "--files-only", out)
    files = ("--deals", out / "deals.csv", "--roster", out / "roster.csv")
    earnest("calc", "--plan", EXAMPLE / "plans", *files, "--out", out)
    with (out / "earnings.csv").open(newline="") as file:
        rows = [(row["participant_id"], row["component"], row["period"], row["amount"]) for row in csv.DictReader(file)]
    return {(who, component, period): Decimal(amount) for who, component, period, amount in rows if Decimal(amount)}


def from_the_system(system: System) -> dict[tuple[str, str, str], Decimal]:
    """What payout has posted: the end of the road."""
    engine = engine_for(database_url(system.settings), "payout", pool_size=1)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select journal.participant_id, component, origin_period, currency, sum(amount) "
            "from posting join journal on journal.id = posting.journal where account = 'earned' group by 1, 2, 3, 4"
        ).all()
    engine.dispose()
    return {
        (who, component, period): from_minor(int(amount), currency) for who, component, period, currency, amount in rows
    }


def test_the_system_and_the_files_pay_the_same_cents(export: Path, system: System, tmp_path: Path) -> None:
    said = earnest("import", export, "--with", EXAMPLE, "--report", tmp_path / "report.csv", home=system.home.path)
    assert "4,238 rows worth 10,005,534 came in, 10,005,534 were taken, 0 were rejected" in " ".join(said.split())
    expected = from_files(export, tmp_path / "files")
    assert len({who for who, _, _ in expected}) == 36
    assert from_the_system(system) == expected


def test_every_repaired_and_remarked_row_is_reported(export: Path) -> None:
    recipe = read_recipe(EXAMPLE)
    people = frozenset(member.participant_id for member in team(export, recipe))
    read = read_deals(export, recipe, people=people, settings=PLACED)
    found = [(note.kind, note.field) for note in read.notes]
    assert (found.count(("repaired", "product")), found.count(("remarked", "account"))) == (1480, 1425)
    assert (len(read.events), read.won_value_in, read.won_value_taken) == (8800, WON, WON)


def small(folder: Path, **changes: str) -> tuple[Path, Recipe]:
    """An export of three opportunities, and the recipe of the example."""
    row = {
        "sales_agent": "Ada Lovelace",
        "deal_stage": "Won",
        "close_date": "3/1/2017",
        "close_value": "1000",
    } | changes
    folder.mkdir(exist_ok=True)
    (folder / "sales_teams.csv").write_text("sales_agent,manager,regional_office\nAda Lovelace,Zoë Quinn,North\n")
    (folder / "products.csv").write_text("product,series,sales_price\nGTX Pro,GTX,4821\n")
    (folder / "sales_pipeline.csv").write_text(
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        f"A1,{row['sales_agent']},GTXPro,,{row['deal_stage']},1/2/2017,{row['close_date']},{row['close_value']}\n"
    )
    return folder, read_recipe(EXAMPLE)


def test_a_slip_is_repaired_before_the_list_price_is_looked_up(tmp_path: Path) -> None:
    folder, recipe = small(tmp_path / "x")
    (event,) = read_deals(folder, recipe, people=frozenset({"ada.lovelace"}), settings=PLACED).events
    assert (
        event["data"]["fields"] | {"product": "GTX Pro", "list_amount": "4821", "owner": "ada.lovelace"}
        == event["data"]["fields"]
    )


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"sales_agent": "Nobody Known"}, "owner", "nobody.known is not on the roster"),
        ({"close_date": "31/31/2017"}, "close_date", "write a date"),
        ({"close_value": "1000.50x"}, "amount", "is not a decimal number"),
        ({"deal_stage": "Maybe"}, "stage", "'open', 'won', 'lost' or 'cancelled'"),
    ],
)
def test_a_row_that_cannot_be_taken_is_reported_with_its_reason(
    tmp_path: Path, changes: dict[str, str], field: str, reason: str
) -> None:
    folder, recipe = small(tmp_path / "x", **changes)
    read = read_deals(folder, recipe, people=frozenset({"ada.lovelace"}), settings=PLACED)
    assert read.events == []
    assert any(note.row == 2 and field in note.field and reason in note.reason for note in read.notes)


def test_names_become_ids_without_accents_or_spaces() -> None:
    assert [participant_id(name) for name in ("Zoë Quinn", "Mei-Mei O'Hara")] == ["zoe.quinn", "mei.mei.o.hara"]


def test_quotas_follow_the_written_rule(tmp_path: Path) -> None:
    folder, recipe = small(tmp_path / "x")
    members = team(folder, recipe)
    read = read_deals(folder, recipe, people=frozenset({"ada.lovelace"}), settings=PLACED)
    assert quotas(members, read.events, rule=recipe.quotas, plan="agent") == {"ada.lovelace": Decimal(1000)}


def test_a_missing_file_or_a_wrong_recipe_is_one_readable_line(tmp_path: Path) -> None:
    folder, recipe = small(tmp_path / "x")
    (folder / "products.csv").unlink()
    with pytest.raises(LocalError, match=r"products\.csv: No such file"):
        read_deals(folder, recipe, people=frozenset(), settings=PLACED)
    with pytest.raises(LocalError, match=r"import\.yaml: No such file"):
        read_recipe(folder)
    (folder / "import.yaml").write_text("deals: {}\n")
    with pytest.raises(LocalError, match=r"deals\.file: Field required"):
        read_recipe(folder)
