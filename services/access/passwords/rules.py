"""What a password must be. Length is what counts (NIST SP 800-63B-4, 3.1.1.2: 15 characters where nothing else is
asked for); which kinds of characters it has does not, and nobody has to change one that nobody else knows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from shared.problems import Unprocessable

SHORTEST: Final = 15
LONGEST: Final = 256
FEWEST_KINDS: Final = 6
"""Different characters: `passpasspasspass` has four."""


def composed(password: str) -> str:
    """The same password whichever keyboard it was typed on (NFKC, as SP 800-63B-4 has it)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *, known: Iterable[str]) -> None:
    """Whether somebody may have this password; `known` is what others know of them, such as their name.

    Raises:
        Unprocessable: it is too short, has too few different characters, or is little more than what is known.
    """
    said = composed(password)
    if len(said) < SHORTEST:
        raise Unprocessable(f"a password has at least {SHORTEST} characters: take four or five words")
    if len(set(said)) < FEWEST_KINDS:
        raise Unprocessable(f"a password has at least {FEWEST_KINDS} different characters")
    left = said.casefold()
    # The longest first: of an address not only the name that is in it goes.
    for word in sorted(known, key=len, reverse=True):
        left = left.replace(word.casefold(), "") if len(word) >= 3 else left
    if len(left) < SHORTEST // 2:
        raise Unprocessable("this password is little more than your name: take four or five words")
