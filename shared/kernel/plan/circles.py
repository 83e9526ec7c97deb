"""Parts of a plan in the order in which they can be calculated: none, where they refer to each other in a circle."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from shared.kernel.language.findings import Finding, Flaws


def ordered(links: dict[str, set[str]], what: str) -> list[str]:
    """The names, each after those it links to.

    Raises:
        Flaws: they refer to each other in a circle.
    """
    try:
        return list(TopologicalSorter(links).static_order())
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        place = next((number for number, name in enumerate(links) if name in circle), 0)
        raise Flaws(
            [
                Finding.error(
                    "P205",
                    (what, place),
                    message=f"{what} refer to each other in a circle: {' -> '.join(circle)}",
                    mend="let one of them stand on its own: what is calculated first cannot need what comes after it",
                )
            ]
        ) from None
