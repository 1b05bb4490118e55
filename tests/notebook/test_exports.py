"""What exporters make of a cell's outputs: images as files, in the size that was asked for."""

from __future__ import annotations

import io
from typing import Any

import nbformat
import pytest
from nbconvert.exporters import LatexExporter, MarkdownExporter
from nbconvert.exporters.templateexporter import TemplateExporter
from PIL import Image

from tests.notebook.answers import answering, full, painted
from tests.notebook.fixtures import Notebook, Services

LARGE = painted("PNG", 1500, 1000)
# An exporter, the options of the cell, and the sizes of the image files that it writes, in pixels.
EXPORTS: dict[str, tuple[type[TemplateExporter], str, list[tuple[int, int]]]] = {
    "latex": (LatexExporter, "", [(1024, 683)]),
    "latex, larger": (LatexExporter, "--preview 1200", [(1200, 800)]),
    "latex, the original": (LatexExporter, "--preview 0", [(1500, 1000)]),
    "latex, a sheet": (LatexExporter, "-n 2", [(888, 345)]),
    "markdown": (MarkdownExporter, "--no-html", [(1024, 683)]),
    "markdown, a sheet": (MarkdownExporter, "--no-html -n 2", [(888, 345)]),
}


def read_sizes(resources: dict[str, Any]) -> list[tuple[int, int]]:
    return [Image.open(io.BytesIO(content)).size for content in resources["outputs"].values()]


def convert(notebook: Notebook, exporter: type[TemplateExporter], cell: str) -> tuple[str, dict[str, Any]]:
    ran = notebook.run(cell)
    assert ran.error is None, ran.error
    outputs = [
        nbformat.from_dict({"output_type": output["kind"], "data": output["data"], "metadata": output["metadata"]})
        for output in ran.outputs
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell, outputs=outputs)])
    return exporter().from_notebook_node(book)


@pytest.mark.parametrize(("exporter", "options", "sizes"), EXPORTS.values(), ids=EXPORTS)
def test_images_are_files_of_the_size_that_was_asked_for(
    notebook: Notebook,
    serve: Services,
    exporter: type[TemplateExporter],
    options: str,
    sizes: list[tuple[int, int]],
) -> None:
    serve(*[answering(full(LARGE))] * 2)

    page, resources = convert(notebook, exporter, f"%gemini_image {options} a cat")

    assert read_sizes(resources) == sizes
    assert all(name in page for name in resources["outputs"])
    assert "data:image" not in page
    assert "tokens" in page


def test_with_html_a_markdown_page_embeds_its_images(notebook: Notebook) -> None:
    page, _ = convert(notebook, MarkdownExporter, "%gemini_image a cat")

    assert "data:image" in page


def test_the_session_can_leave_html_out(notebook: Notebook) -> None:
    notebook.run("%config GeminiImage.html = False")

    ran = notebook.run("%gemini_image --thoughts a cat")

    assert [output["data"].keys() for output in ran.outputs] == [{"image/jpeg", "text/plain"}, {"text/plain"}]
    assert "Draft 1: " in ran.outputs[1]["data"]["text/plain"]
