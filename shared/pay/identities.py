"""Whether two names are one for whoever reads them: payroll and the books match people, accounts and dimensions by what
they read.

What a file says is read again by another program, often through a spreadsheet: zeros before a number go, a sixteenth
digit becomes a zero, capitals and blanks make no difference. Two people whose ids read the same are one person there,
and one of them gets the other's pay.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_DOWN, Context, Decimal
from typing import Final, Literal

Reading = Literal["loosely", "exactly"]
"""How names are told apart. `loosely`: without regard to case, blanks, characters that nobody sees, the width of
characters, the script of digits and zeros before numbers, and numbers by their first 15 digits. `exactly`: by every
character.
"""

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?")
_SPREADSHEET: Final = Context(prec=15, rounding=ROUND_DOWN)


def as_read(written: str, reading: Reading) -> str:
    """What a reader takes a written name for: two names are one for it if and only if this is the same."""
    if reading == "exactly":
        return written
    seen = "".join(char for char in unicodedata.normalize("NFKC", written) if unicodedata.category(char) != "Cf")
    plain = " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())
    return str(_SPREADSHEET.plus(Decimal(plain)).normalize()) if _NUMBER.fullmatch(plain) else plain
