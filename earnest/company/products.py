"""What the company sells, to whom, and at which discount."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product with its list price in cents and how often it is sold."""

    name: str
    cents: int
    weight: int
    strategic: bool = False


@dataclass(frozen=True, kw_only=True)
class Offer:
    """So many units of a product at a discount."""

    product: Product
    units: int
    basis_points: int = 0

    @property
    def fields(self) -> dict[str, int]:
        """List value and value in cents, as the CRM names them."""
        listed = self.product.cents * self.units
        return {"list_cents": listed, "value_cents": listed * (10_000 - self.basis_points) // 10_000}


PRODUCTS = (
    Product(name="Probe S", cents=120_000, weight=28),
    Product(name="Probe M", cents=240_000, weight=30),
    Product(name="Array", cents=480_000, weight=24),
    Product(name="Station", cents=900_000, weight=14),
    Product(name="Observatory", cents=1_800_000, weight=4, strategic=True),
)
UNITS = (1, 1, 1, 2, 2, 3, 4)
DISCOUNTS = (0, 0, 300, 500, 500, 800, 1000, 1000, 1200, 1500)

_PLACES = (
    "Alder Birch Cedar Dune Ember Fjord Glen Heath Inlet Juniper Kelp Larch Moor Nettle Oak Pine Quarry Reed Slate Tarn"
)
_KINDS = "Labs Water Energy Foods Mining"
ACCOUNTS = tuple(f"{place} {kind}" for kind in _KINDS.split() for place in _PLACES.split())


def product(random: Random) -> Product:
    """A product, the small ones more often."""
    return random.choices(PRODUCTS, [kind.weight for kind in PRODUCTS])[0]


def units(random: Random) -> int:
    """How many of it."""
    return random.choice(UNITS)


def discount(random: Random, *, drift: int) -> int:
    """The discount on a deal that is won, in basis points; a drift adds its strength to it, give or take."""
    usual = random.choice(DISCOUNTS)
    return min(usual + drift * (60 + random.randrange(81)) // 100, 5_500) if drift else usual
