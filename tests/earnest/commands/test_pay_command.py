"""`earnest pay`: what is paid, from files alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from earnest.cli import app
from earnest.local.processes import LocalError

TERMS = "kind: payment_terms\nid: t\nvalid_from: 2025-01-01\ncurrency: USD\ndraw: {amount: 3000}\n"
EARNED = "participant_id,period,amount,currency\nada,2026-01,1000,USD\nada,2026-02,5000,USD\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "terms.yaml").write_text(TERMS)
    (tmp_path / "earned.csv").write_text(EARNED)
    return tmp_path


def pay(folder: Path, *arguments: str | Path) -> Result:
    files = ("--terms", folder / "terms.yaml", "--earned", folder / "earned.csv")
    return CliRunner().invoke(app, ["pay", *map(str, (*files, *arguments))])


def said(result: Result) -> str:
    assert isinstance(result.exception, LocalError), result.output
    return str(result.exception)


def test_payments_steps_and_what_was_not_used_are_written(folder: Path) -> None:
    result = pay(folder, "--out", folder / "out")
    assert result.exit_code == 0, result.output
    payments = (folder / "out" / "payments.csv").read_text().splitlines()
    assert payments[1:] == [
        "ada,2026-01,regular,2026-01-31,2026-02-02,USD,3000.00,0.00,2000.00,0.00,0.00",
        "ada,2026-02,regular,2026-02-28,2026-03-02,USD,3000.00,0.00,0.00,0.00,0.00",
    ]
    assert "ada,2026-02,regular,USD,2,recovery,-2000.00,2026-02," in (folder / "out" / "steps.csv").read_text()
    assert (folder / "out" / "rejected.csv").read_text() == "file,row,id,reason,message\n"


def test_what_is_open_after_the_last_pay_period_is_said(folder: Path) -> None:
    (folder / "earned.csv").write_text(EARNED.replace("5000", "2500"))
    open_after = "Still open after 2026-02: draw balance 2,500.00 USD. --through, with a later month, continues.\n"
    assert open_after in pay(folder).output
    assert "Still open" not in pay(folder, "--through", "2026-02").output
    (folder / "earned.csv").write_text(EARNED)
    assert "Still open" not in pay(folder).output


def test_the_pay_of_one_is_told_step_by_step(folder: Path) -> None:
    told = pay(folder, "--explain", "ada").output
    assert "  Advanced up to the draw of 3,000 USD: +2,000.00; 3,000.00\n" in told
    assert "  Paid: 3,000.00; draw balance 2,000.00\n" in told
    assert said(pay(folder, "--explain", "eve")) == "nothing is due to a participant eve"


def test_the_folder_of_a_calculation_is_what_was_earned(folder: Path) -> None:
    made = folder / "made"
    made.mkdir()
    assert "neither lines.csv nor earnings.csv" in said(pay(folder, "--earned", made))
    (made / "earnings.csv").write_text(EARNED)
    assert pay(folder, "--earned", made).exit_code == 0
    (made / "lines.csv").write_text(EARNED + "ada,2026-02,1,USD\n")
    assert "5,001.00" in pay(folder, "--earned", made, "--explain", "ada").output


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("ada,2026-13,1,USD", "period: '2026-13' is not a month like 2026-01"),
        ("ada,2026-01,1.001,USD", "amount: 1.001 USD has more than 2 decimals"),
        ("ada,2026-01,,USD", "amount: it is missing"),
        (",2026-01,1,USD", "participant_id: it is missing"),
        ("ada,2026-01,1,XXY", "currency: 'XXY' is not a currency"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_with_its_file_row_and_field(folder: Path, row: str, message: str) -> None:
    (folder / "earned.csv").write_text(EARNED + row + "\n")
    assert f"Not used: earned.csv, row 4{', ada' if row[0] == 'a' else ''}: {message}" in pay(folder).output


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("fired,ada,2026-01-01,,,,", "event: 'fired' is none"),
        ("left,ada,,,,,", "date: it is missing"),
        ("hold,ada,2026-01-01,,,D1,", "participant_id: a hold is on one of participant_id, deal_id and plan"),
        ("opening_draw,ada,,-5,USD,,", "amount: -5 is negative"),
        ("adjustment,ada,2026-01-01,5,USD,,2026-1", "period: '2026-1' is not a month"),
        ("adjustment,ada,2026-01-01,5,EUR,,", "currency: ada is paid in USD, not in EUR; write the amount in USD"),
        ("returned,ada,2026-02-01,5,EUR,,", "currency: ada is paid in USD, not in EUR; write the amount in USD"),
        ("returned,ada,2026-02-01,-5,USD,,", "amount: -5 is not more than nothing"),
        ("adjustment,adda,2026-02-01,5,USD,,", "participant_id: nothing is earned by adda; did you mean ada?"),
        ("returned,adda,2026-02-01,5,USD,,", "participant_id: nothing is earned by adda; did you mean ada?"),
        (
            "returned,ada,2026-02-10,3000.01,USD,,2026-01",
            "amount: 3,000.01 cannot have been given back: by 2026-02-10 3,000.00 had been paid to ada",
        ),
    ],
)
def test_an_event_that_says_nothing_clear_is_told(folder: Path, row: str, message: str) -> None:
    events = folder / "events.csv"
    events.write_text(f"event,participant_id,date,amount,currency,deal_id,period\n{row}\n")
    made = pay(folder, "--events", events)
    said = f"Not used: events.csv, row 2, {row.split(',')[1]}: {message}"
    assert (made.exit_code, said in made.output) == (1, True)


def test_what_payroll_gave_back_is_paid_again_once_for_each_payment(folder: Path) -> None:
    events = folder / "events.csv"
    rows = [f"returned,ada,2026-02-1{day},2000,USD,2026-01" for day in (0, 1)]
    rows += ["returned,ada,2026-02-12,700,USD,2025-12", "joined,eve,2026-01-01,,,", "adjustment,eve,2026-02-01,5,USD,"]
    events.write_text("event,participant_id,date,amount,currency,period\n" + "\n".join(rows) + "\n")
    told = pay(folder, "--events", events, "--from", "2026-01").output
    assert [line for line in told.splitlines() if line.startswith("Not used")] == [
        "Not used: events.csv, row 3, ada: amount: 2,000.00 cannot have been given back: by 2026-02-11 1,000.00 had been"
        " paid to ada; write what came back of that"
    ]


def test_an_adjustment_that_is_there_twice_is_paid_once(folder: Path) -> None:
    events = folder / "events.csv"
    events.write_text(
        "event,participant_id,date,amount,currency,period,reason\n"
        "adjustment,ada,2026-02-01,5000,USD,,Agreed by mail\n"
        "adjustment,ada,2026-02-03,5000.00,USD,2026-02,agreed by  mail\n"
        "adjustment,ada,2026-02-03,5000,USD,,the kicker\n"
        "adjustment,ada,2026-02-04,5000,USD,,\nadjustment,ada,2026-02-04,5000,USD,,\nadjustment,ada,2026-02-05,5000,USD,,\n"
    )
    made = pay(folder, "--events", events)
    assert [line for line in made.output.splitlines() if "the same adjustment" in line] == [
        f"Not used: events.csv, row {row}, ada: event: the same adjustment is in a row before it; where both are meant, "
        "give each its `reason`"
        for row in (3, 6)
    ]


def test_months_and_days_bound_what_is_run(folder: Path) -> None:
    assert "2026-02" not in pay(folder, "--through", "2026-01").output
    assert "2026-02" not in pay(folder, "--through", "2026-02-27").output
    assert "--from 2026-03-01 is after --through 2026-02-28" in said(
        pay(folder, "--from", "2026-03", "--through", "2026-02")
    )
    assert "'soon' is neither a month" in said(pay(folder, "--through", "soon"))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (("draw:", "applies_to: {plans: [ae], pay_groups: [west]}\ndraw:"), "for plan ae, pay group west, in USD, from 2025-01-01 on"),
        (("USD", "EUR\napplies_to: {participants: [ada]}"), None),
        (("USD\ndraw: {amount: 3000}", "EUR\nmaximum: {amount: 30}"), "for everybody, in EUR, from 2025-01-01 on"),
        (("2025-01-01", "2026-03-01"), "for everybody, in USD, from 2026-03-01 on"),
        (("", ""), None),
    ],
)  # fmt: skip
def test_terms_by_which_nobody_is_paid_are_named(folder: Path, changed: tuple[str, str], says: str | None) -> None:
    (folder / "terms.yaml").write_text(TERMS.replace(*changed) if changed[0] else TERMS)
    told = [line for line in pay(folder).output.splitlines() if line.startswith("Warning")]
    assert told == ([] if says is None else [f"Warning: payment terms t apply to nobody: they are {says}"])


def test_terms_that_end_before_they_begin_are_refused(folder: Path) -> None:
    (folder / "terms.yaml").write_text(
        f"{TERMS.rstrip()}\nmaximum: {{amount: 100000, since: 2026-02, until: 2026-01}}\n"
    )
    assert "until 2026-01 is before since 2026-02: it would never hold" in said(pay(folder))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("hold,,2026-01-01,D9,,", "the hold of 2026-01-01 stops nothing: nothing is earned by deal D9"),
        ("hold,,2026-01-01,,ae,", "the hold of 2026-01-01 stops nothing: nothing is earned by plan ae"),
        ("hold,eve,2026-01-01,,,", "the hold of 2026-01-01 stops nothing: nothing is earned by participant eve"),
        ("release,ada,2026-01-15,,,", "the release of 2026-01-15 releases nothing: there is no hold on participant ada before it"),
        ("hold,ada,2026-01-01,,,\nrelease,ada,2026-09-01,,,", "participant ada is released on 2026-09-01, which no run reaches: the last ends on 2026-02-28"),
        ("dismissal,ada,2026-01-15,D9,,", "the dismissal of 2026-01-15 concerns nothing: ada has earned and lost nothing by deal D9"),
        ("off_cycle,eve,2026-01-15,,,", "the off-cycle run of 2026-01-15 pays nobody (eve)"),
        ("hold,ada,2026-01-01,,,\nrelease,ada,2026-01-15,,,", None),
        ("off_cycle,ada,2026-02-10,,,", None),
    ],
)  # fmt: skip
def test_events_without_effect_are_named(folder: Path, row: str, says: str | None) -> None:
    (folder / "earned.csv").write_text(
        "participant_id,period,amount,currency,credit_date\nada,2026-02,5000,USD,2026-02-03\n"
    )
    (folder / "events.csv").write_text(f"event,participant_id,date,deal_id,plan,until\n{row}\n")
    told = [line for line in pay(folder, "--events", folder / "events.csv").output.splitlines() if "Warning" in line]
    assert told == ([] if says is None else [f"Warning: {says}"])


def test_events_count_in_the_order_of_their_days(folder: Path) -> None:
    rows = "release,ada,2026-02-20,,\nhold,ada,2026-01-05,,\n"
    (folder / "events.csv").write_text(f"event,participant_id,date,deal_id,plan\n{rows}")
    result = pay(folder, "--events", folder / "events.csv", "--through", "2026-02", "--out", folder / "out")
    assert result.exit_code == 0, result.output
    payments = [row.split(",") for row in (folder / "out" / "payments.csv").read_text().splitlines()[1:]]
    assert [row[-1] for row in payments if row[0] == "ada"] == ["1000.00", "0.00"]
    assert (folder / "out" / "rejected.csv").read_text() == "file,row,id,reason,message\n"


def test_columns_that_say_nothing_are_named(folder: Path) -> None:
    (folder / "events.csv").write_text("event,participant,date\nleft,ada,2026-02-01\n")
    assert "no column participant of events; did you mean participant_id?" in said(
        pay(folder, "--events", folder / "events.csv")
    )
    (folder / "earned.csv").write_text("participant_id,period,amount,currency,dealid\nada,2026-01,1000,USD,D1\n")
    assert "has a column dealid, which is not used: is deal_id meant?" in pay(folder).output


PLAN = """plan: rep
version: 1
name: Rep
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}]
measures: [{measure: sales, sum_of: [own]}]
components: [{component: commission, kind: flat, measure: sales, rate: 10%}]
"""
ROSTER = "participant_id,effective_from,plan\nada,2025-01-01,rep\n"
JANUARY = "deal_id,amount,close_date,owner\nK,1000,2025-01-10,ada\nL,500,2025-01-12,ada\n"
MAY = """deal_id,amount,close_date,owner,stage,cancel_date,refunds
K,1000,2025-01-10,ada,cancelled,2025-05-20,
L,500,2025-01-12,ada,won,,r:200:2025-03-02
M,700,2025-05-03,ada,won,,
N,100,2025-01-31,ada,won,,
"""
WINDOWS = "clawback: {steps: [{within_months: 3, take_back: 100%}, {within_months: 6, take_back: 50%}]}"


def calc(folder: Path, deals: str, out: str, *arguments: str | Path) -> Result:
    (folder / "plan.yaml").write_text(PLAN)
    (folder / "roster.csv").write_text(ROSTER)
    (folder / f"{out}.csv").write_text(deals)
    files = ("--plan", folder / "plan.yaml", "--roster", folder / "roster.csv", "--deals", folder / f"{out}.csv")
    return CliRunner().invoke(app, ["calc", *map(str, (*files, "--out", folder / out, *arguments))])


def test_two_states_of_the_deals_give_a_clawback_that_nobody_types(folder: Path) -> None:
    (folder / "terms.yaml").write_text(TERMS.replace("draw: {amount: 3000}", WINDOWS))
    assert calc(folder, JANUARY, "january").exit_code == 0
    later = calc(folder, MAY, "may", "--before", folder / "january")
    assert "3 corrections of months calculated before: -110.00 USD" in later.output, later.output
    lines = (folder / "may" / "lines.csv").read_text().splitlines()
    assert [line.split(",")[6:7] + line.split(",")[-3:] for line in lines[1:]] == [
        ["K", "100.00", "USD", ""],
        ["L", "50.00", "USD", ""],
        ["K", "-100.00", "USD", "2025-05-20"],
        ["L", "-20.00", "USD", "2025-03-02"],
        ["N", "10.00", "USD", "2025-02-01"],
        ["M", "70.00", "USD", ""],
    ]
    told = pay(folder, "--earned", folder / "may", "--deals", folder / "may.csv", "--explain", "ada").output
    assert "50% of it is taken back): +50.00; 0.00" in told, told
    # The next state goes on from this one: what was corrected is not corrected again.
    again = calc(
        folder, MAY.replace("N,100", "N,300"), "june", "--before", folder / "may", "--known-from", "2025-06-15"
    )
    assert "1 correction of months calculated before: 20.00 USD" in again.output, again.output
    assert (folder / "june" / "lines.csv").read_text().count("2025-06-15") == 1


def test_corrections_need_the_lines_of_an_earlier_calculation(folder: Path) -> None:
    assert "cannot be read as the lines" in said(calc(folder, MAY, "may", "--before", folder / "nothing"))
    (folder / "lines.csv").write_text("a,b\n1,2\n")
    assert "is no lines.csv of `earnest calc`" in said(calc(folder, MAY, "may", "--before", folder))
    calc(folder, JANUARY, "january")
    wrong = calc(folder, MAY, "may", "--before", folder / "january", "--known-from", "soon")
    assert "'soon' is not a day like 2026-06-15" in said(wrong)


def test_where_no_earned_row_can_be_used_each_says_why(folder: Path) -> None:
    (folder / "earned.csv").write_text(EARNED.replace("2026-", "26-"))
    refused = said(pay(folder))
    assert "nothing that is earned can be used:" in refused
    assert "Not used: earned.csv, row 3, ada: period: '26-02' is not a month like 2026-01" in refused


def test_an_off_cycle_run_that_is_said_twice_is_made_once(folder: Path) -> None:
    rows = "event,participant_id,date,amount,currency\noff_cycle,ada,2026-02-10,,\noff_cycle,ada,2026-02-10,,\n"
    (folder / "events.csv").write_text(rows + "adjustment,ada,2026-02-01,0,USD\n")
    result = pay(folder, "--events", folder / "events.csv")
    assert "the off-cycle run of 2026-02-10 (ada) is there more than once, and made once" in result.output
    assert "row 4, ada: amount: 0 is nothing, and so is no event adjustment" in result.output


DEALS = """deal_id,amount,close_date,payments
refused,1000,2026-01-10,p1:abc:2026-01-20
blank,,2026-01-10,
fine,1000,2026-01-10,p1:0.00000001:2026-01-20
bounced,1000,2026-01-10,p1:1000:2026-01-12
bounced,,,p1:abc:2026-01-14
paid,1000,2026-01-10,p1:1000:2026-01-12
"""
COLLECTED = TERMS.replace("draw: {amount: 3000}", "release: [{share: 100%, when: collected}]")
WHY = "held, because what was paid is not known of"


def test_what_is_not_known_to_be_collected_is_held_and_each_cause_has_its_remedy(folder: Path) -> None:
    (folder / "terms.yaml").write_text(COLLECTED)
    (folder / "deals.csv").write_text(DEALS)
    deals = ("refused", "blank", "fine", "bounced", "paid", "absent")
    earned = "".join(f"ada,2026-01,100,USD,{deal}\n" for deal in deals)
    (folder / "earned.csv").write_text("participant_id,period,amount,currency,deal_id\n" + earned)
    told = pay(folder, "--deals", folder / "deals.csv", "--explain", "ada").output
    assert "  Paid: 100.00; held 500.00\n" in told
    assert f"{WHY} bounced, refused: mend its row, which is not used\n" in told
    assert f"{WHY} blank: set its amount\n" in told
    assert f"{WHY} fine: write its amount, payments and refunds with 6 decimals at most\n" in told
    assert f"{WHY} absent: add it to deals.csv, with its amount and what its customer has paid\n" in told
    assert "and 1 more: name the file of deals: --deals\n" in pay(folder, "--explain", "ada").output
