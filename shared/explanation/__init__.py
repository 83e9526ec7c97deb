"""Earnings explained line by line, in numbers and in sentences: the API, statements and the command line share it."""

from shared.explanation.model import Line, Part, RuleSkipped, Slice
from shared.explanation.parts import parts, parts_of_lines

__all__ = ["Line", "Part", "RuleSkipped", "Slice", "parts", "parts_of_lines"]
