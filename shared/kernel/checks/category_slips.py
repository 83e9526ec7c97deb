"""Categories that look like a slip: a text that one place of the plan names and another one nearly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from shared.kernel.language.category_texts import ROSTER_CATEGORIES, nearly
from shared.kernel.language.findings import Finding, Path
from shared.kernel.plan.version import Plan


def category_slips(plan: Plan) -> Iterator[Finding]:
    """Texts that stand in one place only and are nearly one that stands in others, and names that are nearly one of the
    roster's."""
    places: dict[tuple[str, str], list[Path]] = defaultdict(list)
    together: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path, (category, texts) in plan.categories():
        for text in texts:
            places[category, text].append(path)
            together[category, text].update(texts)
        near = nearly(category, ROSTER_CATEGORIES)
        if near and category not in ROSTER_CATEGORIES:
            message = f"{category} is a category of the company's own, the roster's column category.{category}"
            yield Finding.warning("P606", path, message=message, mend=f"write {near} if that is meant")
    for (category, text), paths in places.items():
        # What one place tells apart, such as north1 and north2, are two.
        others = [
            other for of, other in places if of == category and other != text and other not in together[category, text]
        ]
        near = nearly(text, others)
        if near and len(set(paths)) == 1 and len(set(places[category, near])) > 1:
            message = f"{category} {text} is named here alone, and {near} elsewhere"
            yield Finding.warning("P606", paths[0], message=message, mend=f"write {near} if that is meant")
