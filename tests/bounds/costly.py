"""Bytes that somebody might send to keep us busy: what is honest with a part of it said very often, within itself, or
replaced by what is hard to read.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Final

NESTS: Final = [(b"[", b"]"), (b"{", b"}"), (b"(", b")"), (b'{"a":', b"}"), (b"{a: ", b"}"), (b"- ", b""), (b'"', b'"')]
"""What may stand within itself."""
WORDS: Final = [
    b"9", b"1.", b"1,", b"1_", b"-", b" ", b"\t", b"\n", b"\r\n", b"\\", b"\\u0000", b'"', b"'", b",", b";", b":", b"#",
    b"&a ", b"*a", b"<<: ", b"- ", b"? ", b"!!str ", b"a", b"a.", b"a and ", b"not ", b"case when ", b"%d", b"%Y ",
    b"..", b"$..*", b"[*]", b"[?", b"^", b"{a} ", b"{", b"}", b"[", b"]", b"(", b")", b"\xc3\xa9", b"\xff", b"e9", b"1e",
    b"\xcc\x80", b"\xef\xb7\xba", b"T00:00:00Z", b"=1+1", b"|", b">", b"%", b"---\n", b"''", b'""', b"a: 1\n", b"x,",
]  # fmt: skip
"""What is said very often."""
_PART: Final = re.compile(rb"\w+|[^\w\s]|\s+")


def inputs(honest: bytes, size: int, *, seed: str) -> Iterator[bytes]:
    """For ever: inputs of about so many bytes."""
    chance = random.Random(seed)
    parts = [match.span() for match in _PART.finditer(honest)]
    while True:
        begin, end = chance.choice(parts)
        way = chance.randrange(5)
        if way == 0:  # a word of the honest sender, or several, very often
            end = max(end, chance.choice(parts)[1]) if chance.random() < 0.5 else end
            yield _often(honest, begin, end=end, word=honest[begin:end], size=size)
        elif way == 1:
            yield _often(honest, begin, end=end, word=chance.choice(WORDS), size=size)
        elif way == 2:
            yield _often(honest, begin, end=end, word=chance.choice(WORDS) + chance.choice(WORDS), size=size)
        elif way == 3:
            left, right = chance.choice(NESTS)
            depth = chance.choice([20, 90, 900, size // (len(left) + len(right))])
            yield honest[:begin] + left * depth + honest[begin:end] + right * depth + honest[end:]
        else:  # each line differently, so that nothing is told from what was seen before
            line = chance.choice(honest.splitlines(keepends=True) or [honest])
            place = chance.choice([match.span() for match in _PART.finditer(line)] or [(0, 0)])
            times = range(max(1, (size - len(honest)) // (len(line) + 6)))
            many = b"".join(line[: place[0]] + b"%x" % number + line[place[1] :] for number in times)
            at = honest.find(line)
            yield honest[:at] + many + honest[at:]


def _often(honest: bytes, begin: int, *, end: int, word: bytes, size: int) -> bytes:
    return honest[:begin] + word * max(1, (size - len(honest)) // len(word)) + honest[end:]


def shapes(size: int) -> Iterator[bytes]:
    """Forms that cost too much once, or nearly did, and those by which files of their kind are attacked."""
    yield b"---\n" * (size // 4)
    yield b"".join(b"k%d: 1\n" % number for number in range(size // 9))
    yield b"[" * (size // 2) + b"]" * (size // 2)
    yield b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6)
    yield b"x: &x {a: 1}\ny:\n  <<: [" + b"*x," * (size // 3) + b"]"
    yield b"a0: &a0 [1, 1]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 40))
    yield b",".join(b"c%d" % number for number in range(size // 7)) + b"\n"
    yield b'"' + b"x\n" * (size // 2)
