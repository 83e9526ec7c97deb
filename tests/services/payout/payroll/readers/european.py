"""Readers of SAP infotypes and DATEV's two payroll programs, written from their descriptions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from tests.services.payout.payroll.readers.paid import Paid


def lines_of(content: bytes, encoding: str) -> list[str]:
    """The lines of a text in which every line ends with CRLF."""
    text = content.decode(encoding)
    assert text.endswith("\r\n")
    lines = text[:-2].split("\r\n")
    assert not any("\r" in line or "\n" in line for line in lines)
    return lines


def german(text: str) -> Decimal:
    """An amount with a decimal comma."""
    assert re.fullmatch(r"-?\d{1,7},\d{2}", text), text
    return Decimal(text.replace(",", "."))


def sap(content: bytes) -> list[Paid]:
    head, *body = (line.split("\t") for line in lines_of(content, "ascii"))
    found, references = [], set()
    for row in body:
        cells = dict(zip(head, row, strict=True))
        assert re.fullmatch(r"\d{8}", cells["PERNR"])
        assert re.fullmatch(r"\d{8}", cells["BEGDA"])
        assert cells["BEGDA"] == cells["ENDDA"]
        assert cells["SUBTY"] == cells["LGART"]
        assert len(cells["LGART"]) == 4
        assert 1 <= len(cells["ZUORD"]) <= 20
        references.add(cells["ZUORD"])
        found.append(Paid(cells["PERNR"], cells["LGART"], Decimal(cells["BETRG"]), cells["WAERS"]))
    assert len(references) == len(body)
    return found


def lodas(content: bytes) -> list[Paid]:
    sections: dict[str, list[str]] = {}
    for line in lines_of(content, "cp1252"):
        if line.startswith("["):
            sections[line] = []
        else:
            sections[list(sections)[-1]].append(line)
    assert list(sections) == ["[Allgemein]", "[Satzbeschreibung]", "[Bewegungsdaten]"]
    general = dict(line.split("=", 1) for line in sections["[Allgemein]"])
    assert general["Ziel"] == "LODAS"
    assert 1000 <= int(general["BeraterNr"]) <= 9_999_999
    sign, comma = general["Feldtrennzeichen"], general["Zahlenkomma"]
    number, table, *names, end = sections["[Satzbeschreibung]"][0].split(sign)
    assert (table, end) == ("u_lod_bwd_buchung_standard", "")
    found = []
    for line in sections["[Bewegungsdaten]"]:
        record, *values, end = line.split(sign)
        assert (record, end) == (number, "")
        cells = {name.removesuffix("#bwd"): value for name, value in zip(names, values, strict=True)}
        assert re.fullmatch(r"01/\d{2}/\d{4}", cells["abrechnung_zeitraum"])
        assert 1 <= int(cells["pnr"]) <= 99_999
        amount = german(cells["bs_wert_butab"].replace(comma, ","))
        found.append(Paid(cells["pnr"], cells["la_eigene"], amount, "EUR"))
    return found


def lug(files: Mapping[str, bytes]) -> list[Paid]:
    """The movements, by the order of columns that the profile beside them gives."""
    (movements,) = (content for name, content in files.items() if name.endswith(".txt"))
    (profile,) = (content for name, content in files.items() if name.endswith(".ini"))
    order = [
        line.split("=")[1] for line in lines_of(profile, "cp1252") if line.startswith("Feld") and line[4].isdigit()
    ]
    assert order[:7] == [
        "Personalnummer",
        "Kalendertag",
        "Ausfallschluessel",
        "Lohnartennummer",
        "Stundenanzahl",
        "Tagesanzahl",
        "Wert",
    ]
    first, *body = lines_of(movements, "cp1252")
    consultant, client, month, *own = first.split(";")
    assert 1000 <= int(consultant) <= 9_999_999
    assert 1 <= int(client) <= 99_999
    assert re.fullmatch(r"\d{2}/\d{4}", month)
    assert own in ([], ["x"])
    found = []
    for line in body:
        assert '"' not in line
        cells = dict(zip(order, line.split(";"), strict=True))
        kind = int(cells["Lohnartennummer"])
        assert 1 <= kind <= 5999 or 8000 <= kind <= 9999
        assert len(cells["Kostenstellennummer"]) <= 8
        assert len(cells.get("Bemerkung", "")) <= 30
        assert not any(cells[each] for each in ("Kalendertag", "Ausfallschluessel", "Stundenanzahl", "Tagesanzahl"))
        found.append(Paid(cells["Personalnummer"], cells["Lohnartennummer"], german(cells["Wert"]), "EUR"))
    return found
