"""Random components of every kind, with gates, multipliers, limits and windows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.shared.kernel import chances as st

maybe = st.booleans()
ONE_WAY = ("sum_of", "count_of", "average_of", "latest_of", "distinct", "ratio")
"""Measures that credits feed."""


def cents(most: int = 5_000_000) -> st.Chance:
    """An amount in cents as text in major units."""
    return st.integers(0, most).map(lambda n: str(Decimal(n).scaleb(-2)))


def rarely(draw: st.Draw, times: int = 4) -> bool:
    """Once in so many times."""
    return draw(st.integers(1, times)) == times


MARKS = st.one_of(st.integers(1, 4), st.sampled_from([50, 100, 120]), st.integers(1, 300))
"""Boundaries, on which counts, scores and whole amounts come to lie now and then."""
rates = st.integers(0, 300_000).map(lambda n: str(Decimal(n).scaleb(-6)))


@st.composite
def component(draw: st.Draw, kind: str, name: str, measures: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """A component of a kind; those after the first may refer to what the ones before it pay."""
    names = [measure["measure"] for measure in measures if measure["measure"] != "blended"]
    fed = [measure["measure"] for measure in measures if {"sum_of", "count_of"} & set(measure)]
    found = {"component": name, "kind": kind, **draw(_words(kind, names, fed, number))}
    gates = ["base > 1000", "attainment(base) >= 0.5", "not (count < 1 or base < 0)", "base between 0 and quota(base)"]
    gates += ["position = 'senior'", "category(segment) not in ('smb') or count in (1, 2, 3)"]
    multipliers: list[dict[str, Any]] = [
        {"by": "least(attainment(base), 1.5)"},
        {"by": "1 + count / 10"},
        {"by": "case territory when 'north' then 1.5 when 'south' then 0.5 else 1 end"},
        {"category": "position", "of": {"senior": "1.2", "junior": "80%"}},
        {"category": "segment", "of": {"smb": "0"}, "others": "1.1"},
        {
            "axes": [{"category": "territory", "of": ["north"], "others": True}, {"formula": "count", "up_to": [1]}],
            "values": [["1.5", "2"], ["0.5", "1"]],
        },
        {"measure": "base", "steps": draw(_steps("%"))},
        {"measure": draw(st.sampled_from(names)), "on": "amount", "points": draw(_points(""))},
    ]
    if number:
        multipliers.append({"by": "blended"})
    if draw(st.integers(0, 3)) == 0:
        found["when"] = draw(st.sampled_from(gates))
    if draw(st.integers(0, 2)) == 0:
        found["multiply"] = draw(st.lists(st.sampled_from(multipliers), min_size=1, max_size=2))
    if draw(st.integers(0, 3)) == 0:
        found["minimum"] = draw(_figure(50_000))
    if draw(st.integers(0, 2)) == 0:
        found["maximum"] = draw(_figure(200_000))
        if draw(maybe):
            found["carry_over"] = True
    prorated = kind in ("bonus", "curve") or (kind == "table" and "measure" not in found) or "minimum" in found
    if prorated and kind not in ("pool", "contest", "formula") and draw(st.integers(0, 2)) == 0:
        found["prorate"] = draw(st.sampled_from(["calendar_days", "business_days"]))
    if draw(st.integers(0, 3)) == 0:
        found["window"] = draw(st.sampled_from(["month", "quarter", "year", "never"]))
    if draw(st.integers(0, 2)) == 0:
        found["pays"] = draw(st.sampled_from(["quarter", "half_year", "year"]))
    return found


@st.composite
def _words(draw: st.Draw, kind: str, names: list[str], fed: list[str], number: int) -> dict[str, Any]:
    """The words of a kind."""
    measure = draw(st.sampled_from(names))
    on = draw(st.sampled_from(["attainment", "amount"]))
    sign = "%" if on == "attainment" else ""
    match kind:
        case "flat":
            own = [{"term": "factor"}, {"term": "factor", "default": "0.03"}]
            own += [{"measure": "looked"}, {"measure": "looked", "times": "50%"}] if "looked" in names else []
            rate = draw(st.one_of(rates, st.sampled_from(own), st.sampled_from(own)))
            return {"measure": measure, "rate": rate} | draw(_each_deal(fed))
        case "per_unit":
            return {"measure": measure, "amount": draw(_figure(10_000))} | draw(_each_deal(fed))
        case "graduated":
            words = {"measure": measure, "on": on, "tiers": draw(_own(_tiers_of(sign), names))}
            if draw(maybe):
                return words | draw(_turns(names, fed)) | draw(_limits_of_deals())
            return words | draw(_each_deal(fed))
        case "whole":
            by = {"by": draw(st.sampled_from(names))} if draw(maybe) else {}
            return {"measure": measure, "on": on, "tiers": draw(_own(_tiers_of(sign), names)), **by}
        case "curve":
            shape: dict[str, Any] = {"steps": draw(_steps(sign))}
            if draw(maybe):
                shape = {"points": draw(_points(sign)), "beyond": draw(st.sampled_from(["level", "onward"]))}
            if draw(maybe):
                shape["threshold"] = f"{draw(st.integers(1, 90))}{sign}"
            return {"measure": measure, "on": on, "target": draw(_figure(500_000)), **shape}
        case "bonus":
            if draw(maybe):
                made = [{"measure": name} for name in names if name in ("looked", "made")]
                return {"amount": draw(st.one_of(_figure(100_000), *map(st.just, made)))}
            marks = draw(st.lists(MARKS, min_size=1, max_size=3, unique=True).map(sorted))
            milestones = [{"at": f"{mark}{sign}", "amount": draw(_figure(100_000))} for mark in marks]
            return {"measure": measure, "on": on, "milestones": milestones, "highest": draw(maybe)}
        case "formula":
            texts = ["base * 0.03 + count", "attainment(base) * 1000 / 3", "least(base, 5000) * 0.07 - 12.345"]
            texts += ["base * case segment when 'smb' then 0.04 when 'big' then 0.02 end"]
            texts += ["pay(c0) * 0.1 + 1", "greatest(pay(c0), base / 50)"] if number else []
            choices = [{"amount": text} for text in texts]
            # Paid over the window of the measure, whatever that of the rate is.
            choices += [{"amount": "blended * base", "measure": "base"}] if number else []
            return draw(st.sampled_from(choices))
        case "slab":
            marginal = draw(maybe)
            tiers = [tier | ({} if marginal else {"amount": draw(cents(1_000))}) for tier in draw(_tiers("00"))]
            if rarely(draw, 3):  # in turn, by the size of each credit
                tiers = draw(_own(st.just(tiers), names))
                more = draw(_limits_of_deals()) if draw(maybe) else {}
                return {"measure": "base", "marginal": marginal, "tiers": tiers, **more}
            return {"measure": draw(st.sampled_from(fed)), "marginal": marginal, "tiers": tiers}
        case "table":
            return draw(_table(names, fed))
        case "contest":
            lowest = {"lowest_wins": True} if on == "amount" and draw(maybe) else {}
            prizes = draw(st.lists(cents(50_000), min_size=1, max_size=3))
            return {
                "measure": measure,
                "on": on,
                "prizes": prizes,
                "ties": draw(st.sampled_from(["share", "each"])),
                **lowest,
            }
    by = {"by": draw(st.sampled_from(names))} if draw(maybe) else {}
    if draw(maybe):
        return {"amount": draw(cents(500_000)), **by}
    return {"rate": draw(rates), "funded_by": draw(st.sampled_from(names)), **by}


@st.composite
def _turns(draw: st.Draw, names: list[str], fed: list[str]) -> dict[str, Any]:
    """Words by which deals are paid in turn."""
    crossing = {"crossing": draw(st.sampled_from(["whole", "split"]))} if draw(maybe) else {}
    by = {"by": draw(st.sampled_from(names))} if draw(maybe) or not crossing else {}
    anew = {"anew": draw(st.sampled_from(["account", "segment"]))} if rarely(draw, 3) else {}
    return {"measure": draw(st.sampled_from(fed)), **by, **crossing, **anew}


@st.composite
def _each_deal(draw: st.Draw, fed: list[str]) -> dict[str, Any]:
    """Now and then the words by which a kind pays each deal by itself."""
    if not rarely(draw, 3):
        return {}
    return {"measure": draw(st.sampled_from(fed)), "each": "deal"} | draw(_limits_of_deals())


@st.composite
def _limits_of_deals(draw: st.Draw) -> dict[str, Any]:
    """The least and the most of a deal, now and then."""
    names = [name for name in ("deal_minimum", "deal_maximum") if rarely(draw, 3)]
    return {name: draw(_figure(30_000)) for name in names}


@st.composite
def _own(draw: st.Draw, tiers: st.Chance, names: list[str]) -> list[dict[str, Any]]:
    """Tiers of which some figures are the participant's own, now and then."""
    found = [dict(tier) for tier in draw(tiers)]
    if not rarely(draw, 3):
        return found
    end, pays = {"term": "top", "default": draw(cents(5_000))}, [{"term": "factor", "default": "0.02"}]
    pays += [{"measure": "looked"}] if "looked" in names else []
    place = draw(st.integers(0, len(found) - 1))
    for name in ("rate", "amount"):
        if name in found[place] and draw(maybe):
            found[place][name] = draw(st.sampled_from(pays))
    if place < len(found) - 1:
        found[place]["up_to"] = end | {"times": draw(st.sampled_from(["1", "0.1", "0.002"]))}
    return found


@st.composite
def _figure(draw: st.Draw, most: int) -> Any:
    """An amount, or a term of the participant's own."""
    if draw(st.integers(0, 4)) == 0:
        return {"term": "top"} if draw(maybe) else {"term": "top", "default": draw(cents(most))}
    return draw(cents(most))


@st.composite
def _ends(draw: st.Draw, sign: str) -> list[str]:
    marks = draw(st.lists(MARKS, min_size=1, max_size=3, unique=True).map(sorted))
    return [f"{mark}{sign}" for mark in marks]


@st.composite
def _tiers(draw: st.Draw, sign: str) -> list[dict[str, Any]]:
    return [*({"up_to": end, "rate": draw(rates)} for end in draw(_ends(sign))), {"rate": draw(rates)}]


@st.composite
def _tiers_of(draw: st.Draw, sign: str) -> list[dict[str, Any]]:
    """Tiers that have rates, or amounts for each 1."""
    tiers = draw(_tiers(sign))
    return (
        [{"amount" if name == "rate" else name: v for name, v in t.items()} for t in tiers] if rarely(draw) else tiers
    )


@st.composite
def _steps(draw: st.Draw, sign: str) -> list[dict[str, Any]]:
    gives = st.integers(0, 200).map(lambda n: f"{n}%")
    return [*({"up_to": end, "gives": draw(gives)} for end in draw(_ends(sign))), {"gives": draw(gives)}]


@st.composite
def _points(draw: st.Draw, sign: str) -> list[dict[str, Any]]:
    marks = draw(st.lists(st.integers(-50, 300), min_size=2, max_size=4, unique=True).map(sorted))
    return [{"at": f"{mark}{sign}", "gives": f"{draw(st.integers(-20, 200))}%"} for mark in marks]


@st.composite
def _table(draw: st.Draw, names: list[str], fed: list[str]) -> dict[str, Any]:
    """Up to two axes of any sort, of the deal itself as well where it is looked at for each deal."""
    choices: list[dict[str, Any]] = [
        {"attainment": "base", "up_to": draw(_ends("%"))},
        {"amount": draw(st.sampled_from(names)), "at": ["0", "10.5", "400"]},
        {"formula": "base / 3 - count", "up_to": ["100", "1000"]},
        {"category": "position", "of": ["junior", "senior"]},
        {"category": "territory", "of": ["north"], "others": True},
        {"category": "segment", "of": ["big", "smb"]},
        {"category": "participant_id", "of": ["bob", "ann"]},
    ]
    each = draw(maybe)
    if each:
        choices += [
            {"deal": "segment", "of": ["smb", "big"], "others": True},
            {"deal": "renewal", "of": ["yes"], "others": True},
            {"deal": "amount", "up_to": ["50", "5000"]},
            {"deal": "credited / 3 + refunded", "at": ["-100", "10.5", "4000"]},
            {"deal": "sold_units * (1 - gross_margin)", "up_to": ["2", "7.25"]},
        ]
    axes = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3 if each else 2))
    values: Any = None
    sizes = [
        len(axis["up_to"]) + 1 if "up_to" in axis else len(axis.get("at") or axis["of"]) + axis.get("others", False)
        for axis in axes
    ]
    number = rates.map(lambda text: str(Decimal(text)))
    values = draw(number) if not sizes else _nested(draw, sizes, number)
    if each:
        more = draw(st.sampled_from([{}, {}, {"gives": "amount"}, {"target": draw(_figure(500_000))}]))
        more |= draw(_limits_of_deals())
        return {"axes": axes, "values": values, "each": "deal", "measure": draw(st.sampled_from(fed)), **more}
    of = draw(st.sampled_from(["measure", "target", "neither"]))
    words = {
        "measure": {"measure": draw(st.sampled_from(names))},
        "target": {"target": draw(_figure(500_000))},
        "neither": {},
    }[of]
    return {"axes": axes, "values": values, **words}


def _nested(draw: st.Draw, sizes: list[int], number: st.Chance) -> Any:
    if not sizes:
        return draw(number)
    return [_nested(draw, sizes[1:], number) for _ in range(sizes[0])]
