"""What a model looked up is told with links that lead where they say, and with a frame that can do nothing."""

from __future__ import annotations

import html
import re

import pytest

from cometmagic.display import grounding
from cometmagic.gemini.response import Grounding, GroundingSource
from tests.notebook.fixtures import Notebook


def links(page: str) -> list[str]:
    """Return where the links of a page lead."""
    return [html.unescape(found) for found in re.findall('<a href="([^"]*)"', page)]


def test_the_offline_source_gives_what_a_search_gives(notebook: Notebook) -> None:
    ran = notebook.run("%gemini_image -s 512 --search web,image a red bicycle")

    bundle = ran.captions[0]["data"]
    assert "Searched for “bicycle”" in bundle["text/html"]
    assert len(links(bundle["text/html"])) == 4
    assert '<iframe sandbox="' in bundle["text/html"]
    assert (
        "Searched for: bicycle\n1. bicycle - Encyclopedia: https://www.example.org/encyclopedia/bicycle\n"
        in bundle["text/plain"]
    )


def test_a_page_is_linked_with_its_host() -> None:
    page = grounding.render_html(Grounding(sources=(GroundingSource("A & <b>", "https://example.org/a?b=1&c=2"),)))

    assert 'rel="noopener noreferrer"' in page
    assert ">A &amp; &lt;b&gt;</a> example.org" in page
    assert links(page) == ["https://example.org/a?b=1&c=2"]


def test_a_found_image_leads_to_its_page_first() -> None:
    source = GroundingSource("A photo", "https://photos.example.org/page.html", "https://cdn.example.org/photo.jpg")

    assert links(grounding.render_html(Grounding(sources=(source,)))) == [source.uri, source.image_uri]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://example.org/",
        "//example.org/", "/relative", "https://", "https://[::1", "", "https:example.org", "vbscript:x",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_no_link(address: str) -> None:
    page = grounding.render_html(Grounding(sources=(GroundingSource("A title", address, address),)))

    assert links(page) == []
    assert "A title" in page


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://google.com@evil.example/", "evil.example"),
        ("https://exаmple.org/", "xn--exmple-4nf.org"),  # noqa: RUF001  # a Cyrillic letter
        ("HTTPS://EXAMPLE.ORG:8443/", "example.org"),
        ("http://[2001:db8::1]/", "2001:db8::1"),
    ],
)
def test_the_host_is_the_one_a_browser_goes_to(address: str, host: str) -> None:
    page = grounding.render_html(Grounding(sources=(GroundingSource("google.com", address),)))

    assert links(page) == [address]
    assert f"</a> {host}</li>" in page


def test_the_suggestion_stands_in_a_frame_that_runs_and_loads_nothing() -> None:
    page = grounding.render_html(
        Grounding(suggestion="<script>alert(1)</script><a href='https://example.org'>chip</a>")
    )

    assert "<script" not in page
    [(sandbox, inside)] = re.findall('<iframe sandbox="([^"]*)" srcdoc="([^"]*)"', page)
    assert set(sandbox.split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}
    assert html.unescape(inside).startswith('<meta http-equiv="Content-Security-Policy" content="default-src \'none\';')


@pytest.mark.parametrize("suggestion", ["", " \n", "x" * 1_000_000])
def test_a_suggestion_that_is_empty_or_vast_is_left_out(suggestion: str) -> None:
    assert grounding.render_html(Grounding(suggestion=suggestion)) == ""


def test_of_very_many_sources_the_first_are_shown() -> None:
    sources = tuple(GroundingSource(f"Page {number}", f"https://example.org/{number}") for number in range(200))

    page = grounding.render_html(Grounding(("cats", "cats", "dogs"), sources))
    assert len(links(page)) == grounding.MAX_SOURCES
    assert "and 180 more" in page
    assert "Searched for “cats”, “dogs”" in page
    assert len(list(grounding.render_text(Grounding(("cats",), sources)))) == grounding.MAX_SOURCES + 2


def test_without_a_search_there_is_nothing() -> None:
    assert grounding.render_html(Grounding()) == ""
    assert list(grounding.render_text(Grounding())) == []
