"""Facts of people whose names, customers and reasons try to be something other than text."""

from __future__ import annotations

from typing import Any

from tests.services.payout.statements.samples import full

ATTACKS = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }}{% raw %}",
    '#eval("panic()") #read("/etc/passwd")',
    "$x$ *bold* _it_ `raw` @cite <label> \\u{41}",
    "=1+1",
    "//example.com/x",
)


def facts(attack: str) -> dict[str, Any]:
    """Facts with the text wherever somebody else's text may be."""
    made = full()
    made["company"] = {"name": attack, "locale": "en_US"}
    made["participant"] |= {
        "name": attack,
        "position": attack,
        "manager": {"id": "mia", "name": attack},
        "entity": attack,
    }
    made["run"] |= {"name": attack, "pay_group": attack}
    made["accounts"] = dict.fromkeys(made["accounts"], attack)
    made["pay_lines"] = [line | {"reason": attack} for line in made["pay_lines"]]
    made["held"] = [each | {"reason": attack, "released_by": attack} for each in made["held"]]
    return made
