"""Filters for a whole image: grain, edges, paper, and the look of each technique.

A filter knows an image and its unit (the short side in pixels), never what the image shows.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from functools import cache

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from cometmagic.offline.painter.colour import BLUEPRINT, CHALK, GRAPHITE, MIDNIGHT, PAPER, PARCHMENT, SEPIA
from cometmagic.offline.painter.geometry import repeat_tile

Filter = Callable[[Image.Image, float], Image.Image]


@cache
def create_noise(name: str, size: int, spread: int = 128) -> Image.Image:
    """Return a square of grey noise around 128, always the same for the same name."""
    rng = random.Random(f"noise/{name}")
    tile = Image.frombytes("L", (size, size), rng.randbytes(size * size))
    return tile.point([128 + round((i - 127.5) * spread / 128) for i in range(256)])


def create_blotches(name: str, cells: int, size: tuple[int, int]) -> Image.Image:
    """Return soft blotches: a few cells of noise enlarged to `size`."""
    across = max(3, round(cells * size[0] / min(size)))
    down = max(3, round(cells * size[1] / min(size)))
    rng = random.Random(f"clouding/{name}")
    cell_noise = Image.frombytes("L", (across, down), rng.randbytes(across * down))
    return cell_noise.resize(size, Image.Resampling.BICUBIC)


def add_grain(image: Image.Image, strength: float = 1.0) -> Image.Image:
    """Give `image` the grain of paper, in place and in bands to save memory."""
    tile = create_noise("grain", 256, 10).filter(ImageFilter.GaussianBlur(0.6))
    tile = tile.point([128 + round((i - 128) * strength) for i in range(256)])
    grain_band = repeat_tile(Image.merge("RGB", (tile, tile, tile)), (image.width, 256))
    for top in range(0, image.height, 256):
        band = image.crop((0, top, image.width, min(top + 256, image.height)))
        band = ImageChops.add(band, grain_band.crop((0, 0, *band.size)), 1, -128)
        image.paste(band, (0, top))
    return image


def extract_edges(image: Image.Image, width: float) -> Image.Image:
    """Return the outlines of `image` as dark lines on white (the difference of two blurs)."""
    grey = ImageOps.autocontrast(image.convert("L").filter(ImageFilter.MedianFilter(3)), 0.5)
    narrow_blur = grey.filter(ImageFilter.GaussianBlur(width * 0.4))
    wide_blur = grey.filter(ImageFilter.GaussianBlur(width * 1.6))
    return ImageOps.invert(ImageChops.subtract(wide_blur, narrow_blur)).point(
        [max(0, 255 - max(0, 251 - i) * 7) for i in range(256)]
    )


def _distort(image: Image.Image, amount: float) -> Image.Image:
    """Shift the image unevenly by small amounts, as a brush does."""
    step = max(8.0, min(image.size) / 20)
    rng, across, down = random.Random("wobble"), round(image.width / step), round(image.height / step)
    xs = [round(i * image.width / across) for i in range(across + 1)]
    ys = [round(i * image.height / down) for i in range(down + 1)]
    offsets = [[(rng.gauss(0, amount), rng.gauss(0, amount)) for _ in xs] for _ in ys]
    mesh = []
    for row, (top, bottom) in enumerate(itertools.pairwise(ys)):
        for column, (left, right) in enumerate(itertools.pairwise(xs)):
            corners = ((left, top, row, column), (left, bottom, row + 1, column),
                       (right, bottom, row + 1, column + 1), (right, top, row, column + 1))  # fmt: skip
            quad = tuple(n for x, y, r, c in corners for n in (x + offsets[r][c][0], y + offsets[r][c][1]))
            mesh.append(((left, top, right, bottom), quad))
    return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def apply_watercolour(image: Image.Image, unit: float) -> Image.Image:
    """Make the colours run and pool at their edges, and leave a rim of bare paper."""
    wash = _distort(image, unit * 0.0022).filter(ImageFilter.BoxBlur(unit * 0.001))
    blurred_wash = wash.reduce(3).filter(ImageFilter.GaussianBlur(unit * 0.0016))
    blurred_wash = blurred_wash.resize(image.size, Image.Resampling.BILINEAR)
    pool = ImageChops.subtract(blurred_wash, wash)
    wash = ImageChops.subtract(wash, pool.point([min(255, round(i * 1.5)) for i in range(256)] * 3))
    wash = ImageEnhance.Color(Image.blend(wash, Image.new("RGB", image.size, PAPER), 0.17)).enhance(1.3)
    half = (max(1, image.width // 2), max(1, image.height // 2))
    bare_paper = ImageChops.lighter(_create_blooms(half), _create_rim(half, unit / 2))
    wash.paste(PAPER, (0, 0), bare_paper.resize(image.size, Image.Resampling.BILINEAR))
    return wash


def _create_blooms(size: tuple[int, int]) -> Image.Image:
    """Return a mask of the spots where water has removed the colour."""
    speckle = create_blotches("c", 90, size).point([128 + round((i - 128) * 0.16) for i in range(256)])
    blotches = ImageChops.add(create_blotches("a", 4, size), create_blotches("b", 13, size), 2)
    blooms = ImageChops.add(blotches, speckle, 1, -128)
    return blooms.point([max(0, min(150, round((i - 120) * 1.1))) for i in range(256)])


def _create_rim(size: tuple[int, int], unit: float) -> Image.Image:
    """Return a mask of the ragged rim that a brush leaves bare."""
    frame, inset = Image.new("L", size, 255), round(unit * 0.045)
    frame.paste(0, (inset, inset, size[0] - inset, size[1] - inset))
    rim = frame.filter(ImageFilter.BoxBlur(unit * 0.022)).filter(ImageFilter.BoxBlur(unit * 0.022))
    curve = [128 + round((i - 128) * 0.42) for i in range(256)]
    for name, cells in (("rim", 7), ("fringe", 24), ("bristle", 130)):
        rim = ImageChops.add(rim, create_blotches(name, cells, size).point(curve), 1, -128)
    return rim.point([max(0, min(255, (i - 118) * 9)) for i in range(256)])


def apply_sketch(image: Image.Image, unit: float) -> Image.Image:
    """Turn an image into a pencil drawing with light washes."""
    grey = ImageOps.colorize(image.convert("L"), (96, 94, 98), PAPER)
    pale = Image.blend(grey, Image.new("RGB", image.size, PAPER), 0.35)
    return ImageChops.multiply(pale, ImageOps.colorize(extract_edges(image, unit / 500), GRAPHITE, (255, 255, 255)))


def apply_parchment(image: Image.Image, unit: float) -> Image.Image:
    """Print an image on old parchment in brown ink."""
    sepia = ImageOps.colorize(ImageOps.autocontrast(image.convert("L"), 1), SEPIA, PARCHMENT, (164, 124, 84))
    image = Image.blend(sepia, ImageChops.multiply(image, Image.new("RGB", image.size, PARCHMENT)), 0.3)
    lines = ImageOps.colorize(extract_edges(image, unit / 600), SEPIA, (255, 255, 255))
    return age_paper(ImageChops.multiply(image, lines), unit)


def age_paper(image: Image.Image, unit: float) -> Image.Image:
    """Stain the sheet and brown its edges."""
    stains = ImageChops.add(create_blotches("stain", 4, image.size), create_blotches("spot", 14, image.size), 2)
    image.paste((196, 158, 104), (0, 0), stains.point([max(0, min(120, round((i - 124) * 1.5))) for i in range(256)]))
    frame, inset = Image.new("L", image.size, 190), round(unit * 0.03)
    frame.paste(0, (inset, inset, image.width - inset, image.height - inset))
    small = frame.resize((max(1, image.width // 8), max(1, image.height // 8))).filter(
        ImageFilter.GaussianBlur(unit * 0.007)
    )
    image.paste((128, 88, 50), (0, 0), small.resize(image.size, Image.Resampling.BICUBIC))
    return image


def apply_blueprint(image: Image.Image, unit: float) -> Image.Image:
    """Trace an image in white on blue."""
    lines = ImageOps.invert(extract_edges(image, unit / 500))
    tone = image.convert("L").point([round(i * 0.22) for i in range(256)])
    return ImageOps.colorize(ImageChops.add(lines, tone), BLUEPRINT, CHALK)


def apply_popart(image: Image.Image, unit: float) -> Image.Image:
    """Print an image in few strong colours with black lines and dots."""
    strong = ImageOps.posterize(ImageEnhance.Color(ImageOps.autocontrast(image, 1)).enhance(1.9), 3)
    strong = ImageEnhance.Brightness(strong).enhance(1.14)
    return ImageChops.multiply(strong, extract_edges(image, unit / 420).convert("RGB"))


def apply_minimal(image: Image.Image, unit: float) -> Image.Image:
    """Reduce an image to a few calm surfaces."""
    small = image.reduce(max(1, round(unit / 420)))
    for _ in range(3):
        small = small.filter(ImageFilter.MedianFilter(5))
    flat = small.quantize(24, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return flat.filter(ImageFilter.MedianFilter(5)).resize(image.size, Image.Resampling.BICUBIC)


def apply_pixel(image: Image.Image, unit: float) -> Image.Image:
    """Show an image in large square pixels and few colours."""
    cells = unit / 112
    size = max(1, round(image.width / cells)), max(1, round(image.height / cells))
    small = ImageEnhance.Color(image.resize(size, Image.Resampling.BOX)).enhance(1.2)
    return small.quantize(28, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")


def apply_neon(image: Image.Image, unit: float) -> Image.Image:
    """Turn the outlines of an image into glowing tubes in the dark."""
    lines = ImageOps.invert(extract_edges(image, unit / 380)).convert("RGB")
    vivid = ImageEnhance.Brightness(ImageEnhance.Color(image).enhance(2.4)).enhance(1.6)
    shine = ImageChops.add(
        ImageChops.multiply(vivid, lines), Image.blend(Image.new("RGB", image.size, MIDNIGHT), image, 0.16)
    )
    return add_bloom(shine, unit)


def add_bloom(image: Image.Image, unit: float) -> Image.Image:
    """Make the bright parts glow."""
    small = image.resize((max(1, image.width // 6), max(1, image.height // 6)), Image.Resampling.BOX)
    small = small.point([max(0, round((i - 70) * 1.6)) for i in range(256)] * 3)  # the dark stays dark
    for reach in (0.002, 0.008):
        halo = small.filter(ImageFilter.GaussianBlur(max(1.0, unit * reach / 1.5)))
        image = ImageChops.screen(image, halo.resize(image.size, Image.Resampling.BICUBIC))
    return image
