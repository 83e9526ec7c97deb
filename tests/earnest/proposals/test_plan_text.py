"""Changes in the text of a plan keep all that is not changed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from earnest.proposals.plan_text import append, edited, in_flow, put, say
from shared.kernel.plan.exact_yaml import read_yaml

BLOCK = """plan: x  # a remark
list:
  - one: 1
    two: 2
  # between
  - {one: 3}
last: [a, b]
# the end
"""


@pytest.mark.parametrize(
    ("edit", "gone", "come"),
    [
        (put(("plan",), "y"), "plan: x  #", "plan: y  #"),
        (put(("list", 0, "two"), Decimal("2.50")), "two: 2", "two: 2.50"),
        (put(("list", 1, "one"), 4), "{one: 3}", "{one: 4}"),
        (say(("list", 0), "three", value="a, b"), "two: 2\n", "two: 2\n    three: 'a, b'\n"),
        (say(("list", 1), "two", value=True), "{one: 3}", "{one: 3, two: true}"),
        (append(("list",), {"one": 5}), "{one: 3}\n", "{one: 3}\n  - {one: 5}\n"),
        (append(("last",), "c"), "[a, b]", "[a, b, c]"),
        (say((), "match", value="first"), "[a, b]\n", "[a, b]\nmatch: first\n"),
    ],
)
def test_one_change_changes_one_place(edit: object, gone: str, come: str) -> None:
    assert edited(BLOCK, [edit]) == BLOCK.replace(gone, come)  # type: ignore[list-item]


def test_changes_at_one_place_stand_in_their_order() -> None:
    text = edited(BLOCK, [append(("last",), "c"), append(("last",), "d"), put(("last", 1), "z")])
    assert read_yaml(text)["last"] == ["a", "z", "c", "d"]


def test_what_is_written_is_read_as_it_was() -> None:
    values = {"text": "stage = 'won' and x", "share": "60%", "tricky": "yes: no # not", "list": ["1", Decimal("1.5")]}
    assert read_yaml(in_flow(values)) == values | {"list": ["1", Decimal("1.5")]}


def test_a_path_that_leads_nowhere_is_named() -> None:
    with pytest.raises(LookupError, match=r"list\.7\.one"):
        edited(BLOCK, [put(("list", 7, "one"), 1)])
