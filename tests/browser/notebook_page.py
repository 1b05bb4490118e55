"""A notebook as a page, and what its pictures look like there: their boxes, and their colours on white and on black."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import nbformat
from nbconvert import HTMLExporter
from playwright.sync_api import Page

SIDE = 24  # fields a side, whose mean colours are compared
_READ_PICTURES = """async side => {
    const colours = (image, box, background) => {
        const [width, height] = [box.width, box.height].map(length => side * Math.max(1, Math.round(length / side)));
        const canvas = Object.assign(document.createElement('canvas'), {width, height});
        const context = canvas.getContext('2d', {willReadFrequently: true});
        context.fillStyle = background;
        context.fillRect(0, 0, width, height);
        context.drawImage(image, 0, 0, width, height);
        const values = context.getImageData(0, 0, width, height).data, sums = new Array(side * side * 3).fill(0);
        for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
            const cell = 3 * (Math.floor(y * side / height) * side + Math.floor(x * side / width));
            for (let channel = 0; channel < 3; channel++) sums[cell + channel] += values[4 * (y * width + x) + channel];
        }
        return sums.map(sum => sum * side * side / width / height);
    };
    const isData = image => image.currentSrc.startsWith('data:');
    const images = [...document.images].filter(isData);
    images.forEach(image => { image.loading = 'eager'; });
    await Promise.allSettled(images.map(image => image.decode()));
    return images.map(image => {
        const box = image.getBoundingClientRect();
        const isDrawn = image.naturalWidth > 0;
        return [
            [box.x + scrollX, box.y + scrollY, box.width, box.height],
            isDrawn ? colours(image, box, 'white').concat(colours(image, box, 'black')) : [],
        ];
    });
}"""


class DrawnPicture(NamedTuple):
    """Where a picture is drawn, as x, y, width and height in CSS pixels, and its colour values, 0 to 255."""

    box: list[float]
    colours: list[float]


def read_pictures(page: Page, notebook: Path, name: str) -> list[DrawnPicture]:
    """Render a notebook beside its file as the page `name`, and return the embedded pictures in its order."""
    html, _ = HTMLExporter().from_notebook_node(nbformat.read(notebook, as_version=4))
    page_path = notebook.with_name(f"{name}.html")
    page_path.write_text(html)
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    page.goto(page_path.as_uri())
    return [DrawnPicture(*picture) for picture in page.evaluate(_READ_PICTURES, SIDE)]


def measure_move(before: DrawnPicture, after: DrawnPicture) -> float:
    """Return by how many CSS pixels a side of the box has moved."""
    return max(abs(old - new) for old, new in zip(before.box, after.box, strict=True))


def measure_change(before: DrawnPicture, after: DrawnPicture) -> float:
    """Return the mean difference of the colours, 0 to 255."""
    if len(before.colours) != len(after.colours):
        return 255
    pairs = zip(before.colours, after.colours, strict=True)
    return sum(abs(old - new) for old, new in pairs) / max(1, len(before.colours))
