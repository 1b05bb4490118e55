"""The light of each time of day, and the colours of the land."""

from __future__ import annotations

from dataclasses import dataclass

from cometmagic.offline.painter.colour import WHITE, Colour


@dataclass(frozen=True)
class Daylight:
    """The light of one time of day, from the top of the sky down to the horizon."""

    sky: tuple[Colour, ...]
    sun: Colour
    altitude: float  # of the sun or moon, as a share of the sky above the horizon
    ambient: Colour = WHITE
    is_night: bool = False
    clouds: int = 3
    mist: float = 0.55  # how much distant things fade

    @property
    def horizon(self) -> Colour:
        """The colour where sky and land meet."""
        return self.sky[-1]


def _parse_sky(text: str) -> tuple[Colour, ...]:
    """Return the colours of hexadecimal triplets, from the top down."""
    triplets = (bytes.fromhex(word) for word in text.split())
    return tuple((red, green, blue) for red, green, blue in triplets)


DAYLIGHTS: dict[str, tuple[Daylight, ...]] = {
    "noon": (
        Daylight(_parse_sky("428cbe 74b4d0 acd4dc d8e6de f6ecd4"), (255, 246, 214), 0.72),
        Daylight(_parse_sky("5ca0ba 8cc0c8 bed8d0 e2e6d0 faeccc"), (255, 244, 206), 0.68),
    ),
    "golden": (
        Daylight(_parse_sky("769eb6 a8beba ded2b2 fadaa0 ffde96"), (255, 240, 190), 0.42, (255, 242, 222)),
        Daylight(_parse_sky("8696be bab2c4 ecc8b8 fcd4a8 ffe2aa"), (255, 238, 196), 0.38, (255, 238, 222)),
    ),
    "dawn": (
        Daylight(
            _parse_sky("7088be a0a4cc dab6c8 fac8b6 ffe0b2"), (255, 236, 200), 0.16, (250, 226, 224), clouds=4, mist=0.7
        ),
        Daylight(
            _parse_sky("6896b0 a0b6c0 dec8c0 fcccac ffdea6"), (255, 232, 190), 0.18, (252, 230, 220), clouds=4, mist=0.7
        ),
    ),
    "sunset": (
        Daylight(_parse_sky("3a3874 7c4a84 ce5a70 f48856 fec266"), (255, 226, 150), 0.16, (246, 200, 184), clouds=5),
        Daylight(_parse_sky("2c4876 68628c c47074 f0945c fcca78"), (255, 220, 140), 0.18, (246, 206, 184), clouds=5),
    ),
    "night": (
        Daylight(
            _parse_sky("0c1236 162252 263a70 405c8e 6884a6"),
            (248, 242, 214),
            0.7,
            (112, 130, 184),
            is_night=True,
            clouds=2,
            mist=0.5,
        ),
        Daylight(
            _parse_sky("140e32 261c54 403476 625494 8e78a8"),
            (250, 240, 216),
            0.68,
            (124, 124, 186),
            is_night=True,
            clouds=2,
            mist=0.5,
        ),
    ),
    "fog": (
        Daylight(
            _parse_sky("a8b8be bac8ca ccd6d4 dce2dc eaeae0"), (250, 248, 236), 0.6, (226, 232, 234), clouds=1, mist=0.86
        ),
    ),
    "rain": (
        Daylight(
            _parse_sky("4a5c70 627688 8094a0 9eaeb4 bec8c6"), (214, 220, 220), 0.7, (186, 200, 216), clouds=7, mist=0.68
        ),
    ),
}


# Ground colours from far to near.
LANDS: tuple[tuple[Colour, ...], ...] = (
    ((104, 148, 150), (104, 158, 126), (124, 168, 98), (98, 146, 82), (66, 112, 76)),
    ((126, 140, 160), (132, 158, 134), (166, 174, 104), (140, 154, 82), (88, 118, 74)),
    ((120, 128, 168), (126, 146, 152), (196, 180, 110), (204, 164, 84), (128, 120, 70)),
    ((96, 138, 160), (78, 142, 146), (86, 158, 132), (62, 132, 116), (40, 92, 92)),
    ((150, 132, 168), (172, 132, 152), (196, 146, 128), (160, 128, 104), (96, 88, 88)),
)
