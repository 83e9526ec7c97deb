"""Plan files at the API: taken byte by byte as they are written, refused in the words of `earnest plan check`."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.topics import PLANS
from tests.services.ingest.conftest import Ingest

PLAN = """\
# Our plan. `on` is a word here, and no truth value.
plan: rep
version: 1
name: Sales representative
currency: USD
effective_from: 2025-01-01
conventions: {boundary: lower, zero_quota: refuse, rounding: half_up}
credits:
  - {rule: own}
measures:
  - {measure: bookings, sum_of: [own]}
components:
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers: [{up_to: 100%, rate: 5%}, {rate: 8%}]
"""


def send(ingest: Ingest, text: str | bytes, kind: str | None = "application/yaml", **query: str) -> Any:
    headers = {} if kind is None else {"content-type": kind}
    content = text.encode() if isinstance(text, str) else text
    return ingest.client.post("/v1/plans", content=content, headers=headers, params=query)


@pytest.mark.parametrize(
    "kind", ["application/yaml", "text/x-yaml; charset=utf-8", "application/x-www-form-urlencoded"]
)
def test_a_plan_file_is_published_as_written_and_comes_back_byte_by_byte(ingest: Ingest, kind: str) -> None:
    written = b"\xef\xbb\xbf" + PLAN.replace("\n", "\r\n").encode()
    answer = send(ingest, written, kind)
    assert answer.status_code == 202, answer.text
    [plan] = answer.json()["plans"]
    assert (plan["plan"], plan["version"], plan["outcome"]) == ("rep", 1, "published")
    [fact] = ingest.in_log(PLANS)
    assert fact["document"]["components"][0]["on"] == "attainment"
    assert fact["author"] == "crm"
    assert ingest.client.get("/v1/plans/rep@1").content == written
    assert send(ingest, written, kind).json()["plans"][0]["outcome"] == "unchanged"
    assert len(ingest.in_log(PLANS)) == 1


def test_an_unsound_plan_file_is_refused_with_codes_lines_and_mends(ingest: Ingest) -> None:
    answer = send(ingest, PLAN.replace("rate: 5%", "rat: 5%").replace("sum_of: [own]", "sum_of: [owm]"), file="my.yaml")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"].endswith("unsound-plan")
    assert problem["detail"].splitlines() == [
        "my.yaml:17:27: P102: there is no field rat here; did you mean rate?",
    ]
    assert [(each["line"], each["code"], each["mend"]) for each in problem["findings"]] == [
        (17, "P102", "did you mean rate?"),
    ]
    assert ingest.in_log(PLANS) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "plan.yaml:1:1: P002"),
        (b"\xff\xfe", "plan.yaml:1:1: P001: the text is not UTF-8"),
        (b"plan: rep\nversion:1\n", "plan.yaml:2:1: P001"),
        (PLAN.encode() + b"assertions: [{at: {bokings: 5}, pays: 0}]\n", "P210: the plan has no measure bokings"),
        (PLAN.encode() + b"---\n" + PLAN.encode(), "P003: rep@1 is there twice"),
        (PLAN.replace("kind: graduated", "kind: [").encode(), "P001"),
    ],
    ids=["nothing", "no text", "no YAML", "an assertion about what is not there", "a version twice", "a bracket"],
)
def test_whatever_is_sent_as_a_plan_file_is_told_in_the_words_of_the_check(
    ingest: Ingest, text: bytes, says: str
) -> None:
    answer = send(ingest, text)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert ingest.in_log(PLANS) == []


def test_of_several_documents_all_are_published_or_none(ingest: Ingest) -> None:
    second = PLAN.replace("plan: rep", "plan: manager")
    answer = send(ingest, f"{PLAN}---\n{second.replace('rate: 8%', 'rate: eight')}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("plan.yaml:35:")
    assert ingest.in_log(PLANS) == []
    assert send(ingest, f"{PLAN}---\n{second}").status_code == 202
    assert ingest.client.get("/v1/plans/manager@1").text == f"---\n{second}"
    assert ingest.client.get("/v1/plans/rep@1").text == PLAN


def test_a_dry_run_says_what_is_doubtful_and_publishes_nothing(ingest: Ingest) -> None:
    doubtful = PLAN.replace("rate: 8%", "rate: 8")
    answer = send(ingest, doubtful, dry_run="true")
    assert answer.status_code == 200
    assert answer.json()["plans"][0]["outcome"] == "checked"
    assert [(each["severity"], each["code"]) for each in answer.json()["findings"]] == [("warning", "P213")]
    assert ingest.in_log(PLANS) == []
    assert ingest.client.get("/v1/plans/rep@1").status_code == 404


def test_a_version_is_checked_beside_those_that_are_published(ingest: Ingest) -> None:
    assert send(ingest, PLAN).status_code == 202
    changed = send(ingest, PLAN.replace("rate: 8%", "rate: 9%"))
    assert (changed.status_code, changed.json()["type"].rpartition(":")[2]) == (409, "plan-version-published")
    later = PLAN.replace("version: 1", "version: 2").replace("sum_of: [own]}", "sum_of: [own], reset: year}")
    found = send(ingest, later.replace("2025-01-01", "2025-07-01"), dry_run="true").json()["findings"]
    assert "P503" in [each["code"] for each in found]


def test_versions_are_listed_with_the_days_on_which_they_hold(ingest: Ingest) -> None:
    for version, day in ((1, "2025-01-01"), (2, "2025-07-01"), (3, "2025-07-01")):
        assert (
            send(ingest, PLAN.replace("version: 1", f"version: {version}").replace("2025-01-01", day)).status_code
            == 202
        )
    reader = {"authorization": "Bearer reader"}
    listed = ingest.client.get("/v1/plans", headers=reader).json()["plans"]
    days = [(each["version"], each["effective_from"], each["until"], each["replaced_by"]) for each in listed]
    assert days == [
        (1, "2025-01-01", "2025-06-30", None),
        (2, "2025-07-01", None, 3),
        (3, "2025-07-01", None, None),
    ]
    assert ingest.client.get("/v1/plans", headers={"authorization": "Bearer billing-key"}).status_code == 403
    assert (
        ingest.client.post("/v1/plans", content=PLAN, headers={**reader, "content-type": "text/yaml"}).status_code
        == 403
    )


def test_a_version_that_came_as_an_event_comes_back_as_yaml_that_says_the_same(ingest: Ingest) -> None:
    from services.ingest.schemas import PLAN as EVENT
    from shared.kernel.plan.plan_file import read_plan

    assert ingest.client.post("/v1/plans", json=EVENT).status_code == 202
    text = ingest.client.get("/v1/plans/rep@1").text
    assert read_plan(text, "rep@1").document() == ingest.in_log(PLANS)[0]["document"]
    answer = ingest.client.post("/v1/plans", content=text, headers={"content-type": "text/yaml"})
    assert answer.json()["plans"][0]["outcome"] == "unchanged"


def test_an_event_with_an_unsound_plan_is_told_with_codes_and_mends(ingest: Ingest) -> None:
    from copy import deepcopy

    from services.ingest.schemas import PLAN as EVENT

    event = deepcopy(EVENT)
    event["data"]["document"]["components"][0]["rates"] = event["data"]["document"]["components"][0].pop("rate")
    event["data"]["document"]["assertions"] = []
    said = ingest.client.post("/v1/plans", json=event).json()["results"][0]["errors"][0]["reason"]
    assert "P102: there is no field rates here; did you mean rate?" in said
    event = deepcopy(EVENT)
    event["data"]["document"]["assertions"] = [{"at": {"bokings": 5}, "pays": 0}]
    said = ingest.client.post("/v1/plans", json=event).json()["results"][0]["errors"][0]["reason"]
    assert "P210" in said


def test_a_plan_of_as_many_components_as_one_may_have_is_taken(ingest: Ingest) -> None:
    rules = "\n".join(f"  - {{rule: r{n}, when: \"stage = 'won' and product = 'P{n}'\"}}" for n in range(200))
    measures = "\n".join(f"  - {{measure: m{n}, sum_of: [r{n}], reset: quarter}}" for n in range(200))
    tiers = "[{up_to: 50%, rate: 2%}, {up_to: 100%, rate: 5%}, {up_to: 150%, rate: 8%}, {rate: 10%}]"
    components = "\n".join(
        f"  - {{component: c{n}, kind: graduated, measure: m{n}, on: attainment, tiers: {tiers}, when: m{n} > 1000}}"
        for n in range(200)
    )
    head = PLAN.partition("credits:")[0]
    answer = send(ingest, f"{head}credits:\n{rules}\nmeasures:\n{measures}\ncomponents:\n{components}\n")
    assert answer.status_code == 202, answer.text
