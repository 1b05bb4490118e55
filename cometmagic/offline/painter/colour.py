"""Colours, and how light and shadow change them."""

from __future__ import annotations

from typing import NamedTuple

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
CREAM: Colour = (255, 244, 219)
INK: Colour = (38, 34, 48)
DUSK: Colour = (38, 32, 84)
LAMP: Colour = (255, 208, 112)
STEEL: Colour = (190, 198, 210)
WOOD: Colour = (150, 100, 68)
GLASS: Colour = (168, 206, 220)
PAPER: Colour = (247, 242, 231)
PARCHMENT: Colour = (232, 213, 172)
SEPIA: Colour = (74, 52, 38)
BLUEPRINT: Colour = (24, 66, 128)
CHALK: Colour = (226, 238, 250)
GRAPHITE: Colour = (66, 64, 70)
MIDNIGHT: Colour = (16, 10, 38)


class Gradient(NamedTuple):
    """A paint that runs from one colour at the top to another at the bottom."""

    top: Colour
    bottom: Colour


Paint = Colour | Gradient


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return `first` with `share` (0 to 1) of it replaced by `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def lighten(colour: Colour, share: float = 0.2) -> Colour:
    """Return `colour` in sunlight: paler and warmer."""
    return mix(colour, CREAM, share)


def darken(colour: Colour, share: float = 0.25) -> Colour:
    """Return `colour` in shadow: darker and cooler."""
    return mix(colour, DUSK, share)


def compute_luma(colour: Colour) -> float:
    """Return the brightness of `colour`, 0 to 1."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255
