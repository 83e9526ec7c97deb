"""Lots: which deals simulated years have, and who sits in which seat. The same seed draws the same, whatever the plan.

A year is drawn in two steps (a bootstrap of people, then of deals): every seat is filled by somebody of its group, who
brings their quota and terms; they then draw as many deals as they had, with replacement, of their own. Deals keep their
dates and with them the seasons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from earnest.simulation.history import BaseYear


@dataclass(frozen=True)
class Sample:
    """Some simulated years: `seats` (year, seat, who) and `deals` (year, seat, who, deal_id, net), all places in the
    base."""

    seats: pl.DataFrame
    deals: pl.DataFrame


def sample(base: BaseYear, first: int, *, count: int, seed: int) -> Sample:
    """The years from number `first` on; each has lots of its own, so that it is the same however years are taken
    together."""
    holders = base.deals["holder"].to_numpy()
    starts = np.searchsorted(holders, np.arange(len(base.people)))
    sizes = np.searchsorted(holders, np.arange(len(base.people)), side="right") - starts
    everyone = np.arange(len(base.people))
    years, seats, who, deals = [], [], [], []
    whos = []
    for year in range(first, first + count):
        # A stream of lots for each year: the same year is drawn whatever the batch size, the number of years or the
        # plan, and two plans are compared over the very same luck (common random numbers).
        lots = np.random.Generator(np.random.PCG64([seed, year]))
        # People first and their deals after: drawing deals of the whole company would give everyone average luck, and
        # the spread of pay would be too small (a two-stage, or cluster, bootstrap).
        filled = np.array([group[lots.integers(len(group))] for group in base.groups])
        whos.append(filled)
        number = sizes[filled]
        of = np.repeat(filled, number)
        deals.append(starts[of] + (lots.random(of.size) * sizes[of]).astype(np.int64))
        seats.append(np.repeat(everyone, number))
        who.append(of)
        years.append(np.full(of.size, year))
    drawn_deals = pl.DataFrame(
        {
            "year": np.concatenate(years),
            "seat": np.concatenate(seats),
            "who": np.concatenate(who),
            "deal": np.concatenate(deals),
        }
    )
    seats_frame = pl.DataFrame(
        {
            "year": np.repeat(np.arange(first, first + count), len(base.people)),
            "seat": np.tile(everyone, count),
            "who": np.concatenate(whos),
        }
    )
    return Sample(seats_frame, drawn_deals)
