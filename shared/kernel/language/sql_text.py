"""The text of a filter or formula as a tree, within limits that keep every step after it small: in time, memory and
recursion."""

from __future__ import annotations

import re
from typing import Any, Final, cast

import sqlglot
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from shared.limits import TooMuch

MOST_CHARACTERS: Final = 20_000
MOST_WORDS: Final = 2_000
"""Names, numbers, texts and signs."""
DEEPEST: Final = 20
"""Brackets and cases within each other."""
LONGEST_CHAIN: Final = 100
"""Operations one on the result of another, as in a + b + c."""
MOST_DIGITS: Final = 30
LONGEST_LITERAL: Final = 500

_OPENS = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSES = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_NUMBER = re.compile(r"[0-9]*\.?[0-9]*", re.ASCII)


def check_text(text: str) -> None:
    """See that a text is not too much to be parsed.

    Raises:
        TooMuch: it is beyond one of the limits; says which.
    """
    if len(text) > MOST_CHARACTERS:
        raise TooMuch(f"a condition or formula has at most {MOST_CHARACTERS:,} characters; this one has {len(text):,}")
    try:
        # Tokens are counted before anything is parsed: the parser recurses, and its time and stack grow with what is
        # nested.
        tokens = sqlglot.tokenize(text, read="duckdb")
    except SqlglotError:
        return  # whoever parses it says what is wrong
    if len(tokens) > MOST_WORDS:
        raise TooMuch(
            f"a condition or formula has at most {MOST_WORDS:,} words and signs; this one has {len(tokens):,}"
        )
    depth = 0
    for token in tokens:
        depth += (token.token_type in _OPENS) - (token.token_type in _CLOSES)
        if depth > DEEPEST:
            raise TooMuch(f"brackets and cases may stand within each other {DEEPEST} deep, not deeper")
        if token.token_type == TokenType.NUMBER and not (
            len(token.text) <= MOST_DIGITS and _NUMBER.fullmatch(token.text)
        ):
            raise TooMuch(
                f"a number is written in digits, with at most {MOST_DIGITS} of them, not as {token.text[:40]}"
            )
        if token.token_type == TokenType.STRING and len(token.text) > LONGEST_LITERAL:
            raise TooMuch(f"a text in quotes has at most {LONGEST_LITERAL} characters; one has {len(token.text):,}")


def parse(text: str, read: str | None = None) -> sql.Expression:
    """The tree of one SQL expression.

    Raises:
        TooMuch: it is beyond one of the limits; says which.
        SqlglotError: it does not parse.
    """
    check_text(text)
    try:
        tree = cast(sql.Expression, sqlglot.parse_one(text, into=sql.Condition, read=read))
    except RecursionError:
        raise TooMuch("it is nested too deeply") from None
    # Level by level and not by recursion: a chain of operators is a tree as deep as it is long, and everything after
    # this walks it recursively.
    level: list[Any] = [tree]
    for _ in range(LONGEST_CHAIN + DEEPEST):
        level = [part for node in level for part in node.iter_expressions()]
        if not level:
            return tree
    raise TooMuch(
        f"at most {LONGEST_CHAIN} operations may follow on each other, as in a or b or c;"
        " say many alternatives with in (…), or in several rules"
    )
