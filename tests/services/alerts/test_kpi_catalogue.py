"""The catalogue: what comes with Earnest, what a company adds and changes, and what is said of a file that is wrong."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.alerts.kpis import Catalogue, KpiFile, built_in, drafted, load, with_file
from services.alerts.kpis.columns import columns_of, compile_number
from services.alerts.kpis.model import MOST_KPIS
from services.alerts.kpis.words import kpi_table
from shared.bounded import BoundedProcess
from shared.calendars import CompanyCalendar
from shared.kernel.language.filter_types import FilterError
from shared.kernel.plan.exact_yaml import read_yaml

ROOT = Path(__file__).resolve().parents[3]
KPI = {
    "name": "deals_won",
    "title": "Deals won",
    "unit": "ratio",
    "of": "deals",
    "numerator": "stage = 'won'",
    "observed": "deals",
    "bad": "below",
    "drift": {},
    "meaning": "Deals won, divided by all deals.",
    "action": "Look.",
}


def findings(**changed: Any) -> list[tuple[str, str]]:
    """The places and messages of what is wrong with a KPI."""
    draft = drafted({"kpis": [{**KPI, **changed}]}, built_in())
    if draft.error is not None:
        return [(".".join(map(str, each["loc"][2:])), each["msg"]) for each in draft.error.errors()]
    return [(".".join(map(str, each.path[2:])), f"{each.message}; {each.mend}") for each in draft.findings]


def test_every_kpi_says_what_it_is_what_to_do_and_when_it_is_healthy_by_whom() -> None:
    kpis = built_in().kpis
    assert len(kpis) >= 25
    assert all(kpi.meaning.endswith(".") and kpi.action.endswith(".") for kpi in kpis)
    assert all(kpi.minimum > 0 for kpi in kpis if kpi.about == "plan")
    assert all(kpi.healthy.source for kpi in kpis if kpi.healthy is not None)
    assert [kpi.position for kpi in kpis] == sorted(kpi.position for kpi in kpis)
    assert not {"amount", "paid"} & {name for kpi in kpis for name in kpi.segments}


def test_the_thresholds_are_these() -> None:
    limits = {kpi.name: kpi.threshold for kpi in built_in().kpis if kpi.threshold is not None}
    assert {name: (limit.side, limit.value, limit.patience) for name, limit in limits.items()} == {
        "attainment_pace": ("lower", Decimal("0.60"), 1),
        "attainment_pace_of_quarter": ("lower", Decimal("0.60"), 1),
        "attainment_pace_of_year": ("lower", Decimal("0.60"), 1),
        "comp_cost_of_sales": ("upper", Decimal("0.15"), 1),
        "average_discount": ("upper", Decimal("0.20"), 3),
        "win_rate": ("lower", Decimal("0.20"), 3),
        "event_lag": ("upper", Decimal(60), 1),
        "dead_letters": ("upper", Decimal(0), 1),
        "unacknowledged_batches": ("upper", Decimal(0), 1),
    }


def test_the_page_of_the_operators_has_the_table_of_the_kpis() -> None:
    page = (ROOT / "docs" / "ops.md").read_text()
    assert "\n".join(kpi_table(built_in())) in page


def test_the_files_of_the_analysts_page_can_be_used(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "analyst.md").read_text()
    files = re.findall(r"```yaml \.earnest/kpis/(\S+)\n(.*?)```", page, re.DOTALL)
    assert len(files) == 3
    for name, text in files:
        (tmp_path / name).write_text(text)
    catalogue = load(tmp_path)
    assert catalogue.remarks == ()
    assert catalogue.by_name["months_per_seat"].kpi.segments == ("product", "plan")
    assert "bunching_at_accelerator" in catalogue.by_name
    assert "participants_per_split" not in catalogue.by_name
    rate = catalogue.by_name["win_rate"].kpi
    assert rate.threshold is not None
    assert (rate.threshold.value, rate.threshold.patience, rate.title) == (Decimal("0.25"), 5, "Win rate")
    assert catalogue.calendar.country == "US"
    assert catalogue.false_alarms_per_year == 2


def test_a_file_that_cannot_be_used_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    good = "kpis: [{name: win_rate, minimum: 7}]"
    for name, text in {
        "a.yaml": "kpis: [",
        "b.yaml": "kpis: [{name: win_rate, minimum: many}]",
        "c.yaml": good,
        "d.yaml": good,
        "e.yaml": "kpis: [{name: win_rate, where: stge = 'won'}]",
        "f.yaml": "[]",
        "notes.txt": "nothing",
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "g.yaml").write_bytes(b"kpis: \xff")
    catalogue = load(tmp_path)
    assert catalogue.by_name["win_rate"].kpi.minimum == 7
    assert [remark.partition(" is not used: ")[0] for remark in catalogue.remarks] == [
        "a.yaml",
        "b.yaml",
        "d.yaml",
        "e.yaml",
        "f.yaml",
        "g.yaml",
    ]
    assert "did you mean stage?" in catalogue.remarks[3]


def test_a_file_that_takes_too_much_to_be_read_is_not_used_and_the_others_are(tmp_path: Path) -> None:
    (tmp_path / "greedy.yaml").write_text("kpis:\n" + "".join(f"k{number}: 1\n" for number in range(150_000)))
    (tmp_path / "modest.yaml").write_text("kpis: [{name: win_rate, minimum: 7}]")
    apart = BoundedProcess(seconds=3, wall_seconds=600)
    try:
        catalogue = load(tmp_path, apart.run)
    finally:
        apart.close()
    assert catalogue.by_name["win_rate"].kpi.minimum == 7
    assert catalogue.remarks == ("greedy.yaml is not used: it took more than 3 seconds of processor time",)


def test_more_kpis_than_are_watched_are_said_to_be_too_many(tmp_path: Path) -> None:
    half = [{**KPI, "name": f"kpi_{number}", "position": 900 + number} for number in range(MOST_KPIS)]
    for name, part in {"a": half[:150], "b": half[150:]}.items():
        lines = [f"  - {entry}".replace("'stage = \\'won\\''", "\"stage = 'won'\"") for entry in part]
        (tmp_path / f"{name}.yaml").write_text("kpis:\n" + "\n".join(lines))
    catalogue = load(tmp_path)
    assert len(catalogue.kpis) == MOST_KPIS
    assert "more than 200" in catalogue.remarks[-1]


@pytest.mark.parametrize(
    ("changed", "place", "said"),
    [
        ({"where": "stge = 'won'"}, "where", "did you mean stage?"),
        ({"numerator": "sum(amount)"}, "numerator", "one observation"),
        ({"numerator": "owner"}, "numerator", "is text"),
        ({"numerator": {"of": "earnings", "sum": "stage = 'won'"}}, "numerator.sum", "unknown columns stage"),
        ({"denominator": "amount / 0"}, "denominator", "divides by zero"),
        ({"date": "closed"}, "date", "did you mean close_date?"),
        ({"segments": ["produkt"]}, "segments.0", "did you mean product?"),
        ({"segments": ["owner"]}, "segments.0", "no dimension owner"),
        ({"of": "earnings", "numerator": "components", "segments": ["manager"]}, "segments.0", "no dimension manager"),
        ({"numerator": "amount", "drift": {"kind": "shares"}}, "drift.kind", "its numerator is a condition"),
        ({"denominator": "amount", "drift": {"kind": "shares"}}, "drift.kind", "transform: logit"),
        ({"caused_by": ["win_rte"]}, "caused_by.0", "did you mean win_rate?"),
        ({"threshold": {"below": 1, "above": 2}}, "threshold", "write one of them"),
        ({"threshold": {"below": 1, "window": {}}}, "threshold.window", "write one of them"),
        ({"value": "amount"}, "", "write one"),
        ({"numerator": None, "value": "amount"}, "", "belong together"),
        ({"numerator": None, "value": "amount", "statistic": "median_time"}, "", "censored"),
        ({"of": "pipeline", "numerator": "waiting"}, "", "of this moment"),
        ({"numerator": "1" + " + amount" * 200}, "numerator", "at most 1000 characters"),
    ],
)
def test_what_is_wrong_in_a_kpi_is_said_at_its_place(changed: dict[str, Any], place: str, said: str) -> None:
    found = findings(**changed)
    assert [one for one, _ in found] in ([place], [f"{place}.constrained-str", f"{place}.Sum"])
    assert said in found[0][1]


def test_a_condition_counts_and_a_number_that_is_not_whole_is_counted_in_millionths() -> None:
    schema = columns_of("deals", {"seats": "number"})
    scales = {
        text: (compiled.scale, compiled.of_amounts)
        for text in ("stage = 'won'", "seats", "close_date - open_date", "amount", "seats / 3")
        if (compiled := compile_number(text, "deals", schema=schema))
    }
    assert scales == {
        "stage = 'won'": (1, False),
        "seats": (1, False),
        "close_date - open_date": (1, False),
        "amount": (10**6, True),
        "seats / 3": (10**6, False),
    }
    with pytest.raises(FilterError):
        compile_number("seats", "earnings", schema=columns_of("earnings", {"seats": "number"}))


def test_another_definition_of_a_sum_is_counted_again() -> None:
    def definitions(**changed: Any) -> frozenset[str]:
        return with_file(built_in(), drafted({"kpis": [{"name": "win_rate", **changed}]}, built_in())).definitions

    before = built_in().definitions
    assert definitions(title="Rate of wins", threshold={"below": "30%"}) == before
    assert definitions(where="stage in ('won', 'lost') and amount > 0") != before
    assert definitions(segments=["product"]) != before
    elsewhere = with_file(built_in(), drafted(read_yaml("calendar: {country: DE}"), built_in()))
    assert elsewhere.definitions != before  # other business days are left in a month


def test_what_several_kpis_look_at_is_counted_once_by_the_most_dimensions() -> None:
    sums = {name: built_in().by_name[name].sums.numerator for name in ("attainment_p10", "attainment_median")}
    assert sums["attainment_p10"] == sums["attainment_median"]
    assert sums["attainment_p10"].dimensions == {"plan", "territory"}
    keys = [each.key for watched in built_in().plan for each in watched.sums]
    assert len(set(keys)) == len(built_in().definitions) - 1  # and the calendar
    assert len(set(keys)) < len(keys)
    entry = {"name": "attainment_p10", "segments": ["plan", "territory", "position"]}
    more = with_file(built_in(), drafted({"kpis": [entry]}, built_in()))
    assert more.by_name["attainment_median"].sums.numerator.key == "attainment_p10.value"


def test_what_is_set_beside_kpis_stays_as_it_is_where_a_file_does_not_say_it() -> None:
    first = with_file(built_in(), drafted(read_yaml("false_alarms_per_year: 9"), built_in()))
    second = with_file(first, drafted(read_yaml("calendar: {country: DE}"), first))
    assert (second.false_alarms_per_year, second.calendar) == (9, CompanyCalendar(country="DE"))
    assert isinstance(second, Catalogue)
    assert KpiFile().kpis == ()
