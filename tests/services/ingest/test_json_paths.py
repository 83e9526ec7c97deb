"""A JSON path that may take for ever is refused when it is written, not when a delivery comes."""

from __future__ import annotations

import pytest

from services.ingest.json_paths import compiled


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("$." + "a" * 600, "at most 500 characters"),
        ("$..a..b", "once only"),
        ("$[?@.a == $.b]", "once only"),
        ("$" + "[*,*]" * 20, "at most 6 alternatives"),
        ("$[?" + "(" * 200 + "@.a" + ")" * 200 + "]", "10 deep"),
        ("$[?match(@.a, '(a+)+b')]", "regular expressions"),
        ("$[?search (@.a, '(a+)+b')]", "regular expressions"),
        ("$[?@.a =~ /(a+)+b/]", "regular expressions"),
        ("$.a | $.b", "once only"),
        ("$[" + "9" * 400 + "]", "is not a JSON path"),
    ],
)
def test_what_may_take_for_ever_is_refused(path: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compiled(path)


def test_quotes_hide_nothing_and_what_is_in_them_counts_for_nothing() -> None:
    document = {"$..$": [{"a": 1, "kind": "x"}, {"a": 2, "kind": "y"}]}
    assert compiled("$['$..$'][?@.kind == 'y' && @.a > 1].a").findall(document) == [2]
    assert compiled("$..a").findall(document) == [1, 2]
