"""Plans that use every word of the language together, on the running installation: facts in any order, corrections,
and payments by account; earned, explained and paid as the files that it exports say, and proved by the log.
"""

from __future__ import annotations

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from earnest.client import Client
from earnest.live.sending import EventSender
from earnest.local.home import Home
from earnest.local.system import running_system
from earnest.plans.files import read_plans
from shared.contracts import account_payments, deals, roster
from shared.contracts.message import structured_event
from tests.command_line import earnest

PLANS = Path(__file__).parent / "every_word"
REPS, LEADS = [f"r{number}" for number in range(7)], ["l0", "l1"]
ACCOUNTS = ["Acme", "Beta", "Gamma", "Delta"]
SAME = ("participant_id", "period", "component", "plan", "version", "deal_id", "rule", "share", "credit_date", "amount")
Event = tuple[str, dict[str, Any]]


class Facts:
    """What happens in half a year, as events; each is said at an instant of its own."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.instant = 0
        self.deals: list[str] = []

    def event(self, what: str, kind: str, data: dict[str, Any]) -> Event:
        self.instant += 1
        time = f"2025-07-01T{self.instant // 3600:02}:{self.instant // 60 % 60:02}:{self.instant % 60:02}Z"
        return what, structured_event(kind, f"e{self.instant}", source="test", time=time, data=data)

    def person(self, who: str, since: str, **fields: Any) -> Event:
        return self.event("roster", roster.TYPE, {"participant_id": who, "effective_from": since, "fields": fields})

    def deal(self, name: str, **fields: Any) -> Event:
        return self.event("deals", deals.TYPE, {"deal_id": name, "fields": fields})

    def day(self, first: str, last: str) -> str:
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
        return (begin + timedelta(days=self.chance.randint(0, (end - begin).days))).isoformat()

    def amount(self, most: int) -> str:
        return f"{self.chance.randint(100, most * 100) / 100:.2f}"

    def people(self) -> Iterator[Event]:
        one = self.chance
        for lead in LEADS:
            yield self.person(lead, "2025-01-01", plan="lead", active=True)
        for place, who in enumerate(REPS):
            yield self.person(
                who,
                "2025-01-01",
                plan="rep",
                manager=LEADS[place % 2],
                position=one.choice(["senior", "junior", "trainee", "expert"]),
                territory=one.choice(["north", "south"]),
                categories={"region": one.choice(["north", "south", "west"])},
                quotas={"bookings": str(one.randint(2, 9) * 1000)},
                terms={"target": str(one.randint(1, 9) * 50)},
            )
            yield self.person(
                who, self.day("2025-01-01", "2025-06-30"), scores={"performance": one.choice(["0.8", "1.1"])}
            )

    def changes(self) -> Iterator[Event]:
        """Of the roster, in the middle of months."""
        one = self.chance
        for who in REPS:
            day = self.day("2025-01-10", "2025-06-20")
            yield self.person(who, day, territory=one.choice(["north", "south", "east"]))
            yield self.person(who, self.day("2025-01-10", "2025-06-20"), position=one.choice(["senior", "junior"]))
            yield self.person(who, self.day("2025-01-10", "2025-06-20"), manager=one.choice(LEADS))
            yield self.person(who, self.day("2025-01-10", "2025-06-20"), terms={"target": "333.33"})
            yield self.person(who, self.day("2025-01-10", "2025-06-20"), quotas={"bookings": "7777.77"})
            away = self.day("2025-01-10", "2025-05-20")
            back = (date.fromisoformat(away) + timedelta(days=one.randint(3, 25))).isoformat()
            yield self.person(who, away, on_leave=True)
            yield self.person(who, back, on_leave=False)
        yield self.person(REPS[-1], "2025-05-12", plan="lead")

    def sales(self, number: int, prefix: str) -> Iterator[Event]:
        one = self.chance
        for place in range(number):
            name, day = f"{prefix}{place}", self.day("2025-01-02", "2025-06-25")
            self.deals.append(name)
            who, other = one.sample(REPS, 2)
            yield self.deal(
                name,
                stage=one.choice(["won", "won", "won", "open"]),
                amount=self.amount(6000),
                currency=one.choice(["USD", "USD", "USD", "EUR"]),
                close_date=day,
                owner=who,
                account=one.choice(ACCOUNTS),
                custom={"segment": one.choice(["enterprise", "smb", "public"]), "tickets": one.randint(0, 6)},
                **({"splits": {who: "33.3", other: "66.7"}} if one.random() < 0.2 else {}),
                **({"payments": {"own": {"amount": self.amount(500), "date": day}}} if one.random() < 0.3 else {}),
            )

    def corrections(self) -> Iterator[Event]:
        """Of deals that there are."""
        one = self.chance
        for name in one.sample(self.deals, len(self.deals) // 2):
            yield self.deal(
                name,
                **one.choice(
                    [
                        {"amount": self.amount(9000)},
                        {"stage": "won"},
                        {"stage": "cancelled", "cancel_date": self.day("2025-03-01", "2025-06-25")},
                        {"owner": one.choice(REPS)},
                        {"close_date": self.day("2025-01-02", "2025-06-25")},
                        {"account": one.choice(ACCOUNTS)},
                        {"refunds": {"r1": {"amount": "55.55", "date": self.day("2025-01-02", "2025-06-25")}}},
                        {"custom": {"tickets": one.randint(0, 20)}},
                    ]
                ),
            )

    def payments(self, number: int, prefix: str) -> Iterator[Event]:
        one = self.chance
        for place in range(number):
            paid = {
                "account": one.choice(ACCOUNTS),
                "currency": one.choice(["USD", "USD", "EUR"]),
                "amount": one.choice(["", "", "", "-"]) + self.amount(9000),
                "date": self.day("2025-01-02", "2025-06-25"),
                "reference": one.choice([None, None, *self.deals[:9], f"{prefix}0"]),
            }
            data = {"payment_id": f"{prefix}{place}", "payment": paid}
            yield self.event("account-payments", account_payments.TYPE, data)


def send_shuffled(sender: EventSender, events: list[Event], chance: random.Random) -> None:
    """In any order, some of them twice, a few at a time, so that everything meets everything on its way."""
    every = [*events, *chance.sample(events, len(events) // 5)]
    chance.shuffle(every)
    while every:
        some, every = every[:40], every[40:]
        for what, key in (("deals", "crm"), ("account-payments", "crm"), ("roster", "hr")):
            sender.send(what, key, events=[event for of, event in some if of == what])


def run(home: Home, folder: Path, *words: str | Path) -> None:
    done = earnest("--home", home.path, *words, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def summed(earnings: list[dict[str, Any]]) -> dict[tuple[str, str, str], Decimal]:
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for each in earnings:
        sums[each["participant_id"], each["component"], each["period"]] += Decimal(each["amount"])
    return {key: amount for key, amount in sums.items() if amount}


def told_alike(client: Client, home: Home, out: Path) -> None:
    """What the installation earns and explains, against the calculation over what it exports."""
    out.mkdir()
    said = partial(run, home, out)
    for what, file in (("deals", "deals.csv"), ("roster", "roster.csv"), ("lines", "live.csv"), ("plans", "plans")):
        said("export", what, "--out", file)
    said("calc", "--plan", "plans", "--deals", "deals.csv", "--roster", "roster.csv", "--out", "calculated")

    def lines(file: Path) -> Counter[tuple[str, ...]]:
        return Counter(tuple(row[name] for name in SAME) for row in rows(file))

    live, calculated = lines(out / "live.csv"), lines(out / "calculated" / "lines.csv")
    assert live - calculated == calculated - live == Counter()
    live_earnings = [
        {"participant_id": who, **each}
        for who in sorted({row["participant_id"] for row in rows(out / "roster.csv")})
        for each in client.get(f"/v1/participants/{who}/earnings", who="analyst", service="scoring")["earnings"]
    ]
    earned = summed(live_earnings)
    assert earned == summed(rows(out / "calculated" / "earnings.csv"))
    # Of every component somebody earns something, or it proves nothing.
    declared = {component.component for plan in read_plans([PLANS / "plans"]) for component in plan.components}
    assert declared <= {component for _, component, _ in earned}
    said("verify")


@pytest.mark.long
def test_every_word_together_lives_as_it_is_calculated(server_folder: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    facts = Facts(chance)
    home_folder = server_folder / f"every-word-{seed}"
    home_folder.mkdir(mode=0o755)
    with running_system(Home(home_folder)) as system:
        client = Client(system.home, system.settings)
        sender = EventSender(system.home, system.settings, console=Console(quiet=True))
        first = [
            *facts.people(),
            *facts.sales(90, "D"),
            *facts.payments(25, "P"),
            *facts.corrections(),
            *facts.changes(),
        ]
        chance.shuffle(first)
        send_shuffled(sender, first[: len(first) // 3], chance)
        sender.publish(read_plans([PLANS / "plans"]))
        send_shuffled(sender, first[len(first) // 3 :], chance)
        sender.wait_until_drained()
        told_alike(client, system.home, tmp_path / "first")

        paid_alike(system.home, client, tmp_path / "first")
        later = [*facts.sales(30, "L"), *facts.corrections(), *facts.payments(9, "Q"), *facts.changes()]
        send_shuffled(sender, later, chance)
        sender.wait_until_drained()
        told_alike(client, system.home, tmp_path / "later")


def paid_alike(home: Home, client: Client, out: Path) -> None:
    """What three runs pay, against `earnest pay` over the same files."""
    said = partial(run, home, out)
    terms = PLANS / "terms.yaml"
    files = ("--terms", terms, "--earned", "calculated", "--deals", "deals.csv")
    said("pay", *files, "--from", "2025-01", "--through", "2025-03", "--out", "paid")
    said("policy", "publish", terms, "--reason", "what is sold is paid when it is collected")
    of_files = {
        (row["pay_period"], row["participant_id"]): Decimal(row["paid"]) for row in rows(out / "paid" / "payments.csv")
    }
    live = {}
    for month in ("2025-01", "2025-02", "2025-03"):
        said("payout", "run", month)
        drafted = f"run-{month}-1"
        live |= {
            (month, line["participant_id"]): Decimal(line["paid"])
            for line in client.get(f"/v1/runs/{drafted}", who="dana")["lines"]
        }
        said("payout", "submit", drafted)
        said("payout", "approve", drafted, "--as", "frank")
    assert {key: paid for key, paid in live.items() if paid} == {key: paid for key, paid in of_files.items() if paid}
    assert sum(live.values()) > 5000
