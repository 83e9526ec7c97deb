"""A small company as the files that are loaded into an installation, and how its commands are run: two plans, a roster, deals."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from subprocess import CompletedProcess

from earnest.client import Client
from earnest.local.system import System
from tests.command_line import earnest

REP = """\
# The plan of our representatives: kept as it is written.
plan: rep
version: 1
name: Sales representative
currency: USD
effective_from: 2025-01-01
conventions: {boundary: lower, zero_quota: refuse, rounding: half_up}
columns: {strategic: yes_no, seats: number, margin: decimal, invoiced: date}
credits:
  - {rule: own}
  - {rule: strategic, when: "stage = 'won' and strategic and seats > 3"}
  - {rule: margin, amount: margin, when: "stage = 'won' and margin > 0"}
measures:
  - {measure: bookings, sum_of: [own]}
  - {measure: strategic, sum_of: [strategic]}
  - {measure: margins, sum_of: [margin], reset: year}
components:
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers: [{up_to: 100%, rate: 5%}, {rate: 8%}]
  - {component: push, kind: flat, measure: strategic, rate: {term: push, default: 1.25%}}
  - {component: share, kind: flat, measure: margins, rate: 3.3%}
"""
MANAGER = """\
plan: manager
version: 1
name: Manager
currency: USD
effective_from: 2025-01-01
conventions: {rounding: half_up}
credits: [{rule: team, to: managers}]
measures: [{measure: team, sum_of: [team]}]
components: [{component: override, kind: flat, measure: team, rate: 1%}]
"""
ROSTER = """\
participant_id,effective_from,name,plan,manager,quota.bookings,term.push,active
mia,,Mia,manager,,,,
ann,2025-01-01,Ann,rep,mia,1000,2.5%,
ann,2025-03-01,,,-,1500,-,
bob,2025-01-01,,rep,mia,800,,yes
bob,2025-04-01,,,,,,no
"""
DEALS = """\
deal_id,owner,amount,close_date,product,splits,refunds,payments,strategic,seats,margin,invoiced,unread
D1,ann,900.10,2025-01-15,Pro,,,p1:400:2025-02-01,yes,5,12.345,2025-01-20,x
D2,ann,333.33,2025-01-20,Pro,ann:60;bob:40,r1:33.33:2025-02-02,,no,9,,,
D3,bob,1200,2025-02-10,,,,,YES,2,100.5,,
D4,ann,2000,2025-03-10,,,,,true,4,7,,
D5,zoe,50,2025-03-11,,,,,,,,,
D6,bob,70,2025-04-20,,,,,,,,,
D1,,950.10,,,,,,,,,,
D7,bob,,2025-05-01,,,,,,,,,
"""
ABROAD = """\
plan: abroad
version: 1
name: Abroad
currency: USD
effective_from: 2025-01-01
columns: {seats: number}
exchange: {source: bank, rates: [{currency: EUR, from: 2025-01-10, rate: 1.1}]}
credits: [{rule: own}, {rule: seats, amount: seats}]
measures: [{measure: sales, sum_of: [own]}, {measure: seats, sum_of: [seats]}]
components:
  - {component: pay, kind: flat, measure: sales, rate: 10%}
  - {component: kicker, kind: per_unit, measure: seats, amount: 1}
"""
DEALS_ABROAD = """\
deal_id,owner,amount,currency,close_date,seats
G1,gil,100,GBP,2025-01-15,2
G2,gil,100,EUR,2025-01-09,3
G3,gil,100,EUR,2025-01-10,4
"""


def run(system: System, folder: Path, *words: object) -> CompletedProcess[str]:
    return earnest("--home", system.home.path, *words, folder=folder)


def said(system: System, folder: Path, *words: object) -> str:
    done = run(system, folder, *words)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def earned(text: str) -> dict[tuple[str, str, str], Decimal]:
    rows = csv.DictReader(io.StringIO(text))
    return {(row["participant_id"], row["component"], row["period"]): Decimal(row["amount"]) for row in rows}


def live_earnings(system: System) -> dict[tuple[str, str, str], Decimal]:
    client = Client(system.home, system.settings)
    found = {}
    for who in ("ann", "bob", "mia"):
        answer = client.get(f"/v1/participants/{who}/earnings", who="analyst", service="scoring")
        for each in answer["earnings"]:
            key = (who, each["component"], each["period"])
            found[key] = found.get(key, Decimal(0)) + Decimal(each["amount"])
    return {key: amount for key, amount in found.items() if amount}
