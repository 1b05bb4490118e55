"""Of all addresses in HTML and Markdown, only those of pictures that nothing else depends on are found."""

from __future__ import annotations

import pytest

from cometmagic.images.html_pictures import find_pictures
from cometmagic.images.page_rules import PageRules

ADDRESS = "data:image/png;base64,iVBO"
IMG = f'<img src="{ADDRESS}">'


def found(text: str, *, is_markdown: bool = False, elsewhere: str = "", script: str = "") -> list[str]:
    rules = PageRules([text, elsewhere], [script])
    return [text[start:end] for start, end in find_pictures(text, rules, is_markdown=is_markdown)]


@pytest.mark.parametrize(
    "html",
    [
        IMG,
        f"<p>1 < 2 & 3<br>\n<IMG alt='a > b'\n SRC='{ADDRESS}' />",
        f"<img src={ADDRESS}>",
        f'<img width="300" style="max-width:100%; margin-left: 3px; border: 1px solid" src="{ADDRESS}">',
        f'<a href="https://example.org">{IMG}</a>',
        f'<div style="position:absolute">a</div>{IMG}',
        f"<svg><rect></svg><style>b {{ color: red }}</style>{IMG}",
        f'<style>.x {{ position: absolute }} .y b {{ transform: none }}</style><p class="z">{IMG}</p>',
        f'<table style="text-transform: none; overflow-x: auto; background: white"><tr><td>{IMG}</table>',
        f"<!-- <div style='position:fixed'> -->{IMG}",
        f"<p>{IMG}</p></div></span>",
        f'<div style="position:absolute"><p><li></div>{IMG}',
        f"<b>{'<p>' * 200}</b>{IMG}",
    ],
)
def test_plain_pictures_are_found(html: str) -> None:
    assert found(html) == [ADDRESS]


@pytest.mark.parametrize(
    "html",
    [
        f'<a download="a.png" href="{ADDRESS}">save</a>',
        f'<a download="a.png">{IMG}</a>',
        f'<div style="background: url({ADDRESS}) -32px 0"></div>',
        f"<style>.sprite {{ background-image: url({ADDRESS}) }}</style>",
        f'<img usemap="#m" src="{ADDRESS}"><map name="m"><area coords="0,0,9,9"></map>',
        f'<a href="/"><img ismap src="{ADDRESS}"></a>',
        f'<img style="position: absolute; left: 3px" src="{ADDRESS}">',
        f'<div style="position:relative"><p>{IMG}</p><b style="position:absolute">here</b></div>',
        f'<div style="overflow: hidden; width: 32px">{IMG}</div>',
        f'<img style="object-fit:none; object-position:-32px 0" src="{ADDRESS}">',
        f'<img style="margin-left:-32px" src="{ADDRESS}">',
        f'<img style="clip-path: inset(3px)" src="{ADDRESS}">',
        f'<img style="image-rendering: pixelated" src="{ADDRESS}">',
        f'<div style="transform: scale(2)">{IMG}</div>',
        f'<img src="{ADDRESS}" srcset="{ADDRESS} 2x">',
        f'<picture><source srcset="{ADDRESS}">{IMG}</picture>',
        f'<img onload="draw(this)" src="{ADDRESS}">',
        f'{IMG}<canvas></canvas><script>context.drawImage(document.querySelector("img"), 0, 0)</script>',
        f'<script>L.imageOverlay("{ADDRESS}", [[0, 0], [1, 1]]).addTo(map)</script>',
        f'<script>frames[0] = "{ADDRESS}"</script>',  # of something else than matplotlib
        f'<script type="application/json">{{"a": "{ADDRESS}"}}</script>',
        f'<svg><image href="{ADDRESS}"/></svg>',
        f"<svg><foreignObject>{IMG}</foreignObject></svg>",
        f'<iframe srcdoc="&lt;img src=&quot;{ADDRESS}&quot;&gt;"></iframe>',
        f'<video poster="{ADDRESS}"></video><input type="image" src="{ADDRESS}"><embed src="{ADDRESS}">',
        f"<textarea>{IMG}</textarea>",
        f"<template>{IMG}</template>",
        f"<!-- {IMG} -->",
        f'<img src="{ADDRESS}',
        f"<style>img {{ position: absolute }}</style>{IMG}",
        f"<style>.output img {{ object-fit: none }}</style>{IMG}",  # of the notebook's page around it
        f'<style>b, .tile > i {{ left: 0; position: fixed }}</style><i class="big tile">{IMG}</i>',
        f'<style>#map img {{ transform: none }}</style><div id="map">{IMG}</div>',
        f"<style>@media print {{ div.page p {{ overflow: hidden }} }}</style><div class='page'>{IMG}</div>",
        f'<p><div style="position:absolute"></p>{IMG}</div>',
        f"<b><svg></b>{IMG}</svg>",
        f'<img data-src="{ADDRESS}">',
        f"<pre>&lt;img src={ADDRESS}></pre>",
        ADDRESS,
    ],
)
def test_what_is_placed_read_or_linked_is_not(html: str) -> None:
    assert found(html) == []


@pytest.mark.parametrize(
    ("elsewhere", "script", "is_found"),
    [
        ("", "", True),
        ("<style>.tile { color: red }</style>", 'f("other")', True),
        ("<style>.tile { position: absolute }</style>", "", False),
        ('<script>document.getElementById("first").width</script>', "", False),
        ("", "document.querySelector('p.tile > span')", False),
        ("", "document.createElement('img'); body.innerHTML = '<img src=x>' + 'b'", True),
        ("", "document.querySelectorAll('img')", False),
        ("", "context.drawImage(document.images[0], 0, 0)", False),
    ],
)
def test_styles_and_scripts_of_other_cells_count(elsewhere: str, script: str, is_found: bool) -> None:
    html = f'<p class="tile"><img id="first" src="{ADDRESS}"></p>'

    assert found(html, elsewhere=elsewhere, script=script) == [ADDRESS] * is_found


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f'![a picture]({ADDRESS}) and ![]( <{ADDRESS}> "title")', 2),
        (f"# Title\n\na < b\n\n![a]({ADDRESS})\n\n{IMG}", 2),
        (f"`a` ![a]({ADDRESS}) `b`", 1),
        (f"[a link]({ADDRESS})", 0),
        (f"```\n![a]({ADDRESS})\n{IMG}\n```", 0),
        (f"~~~html\n{IMG}\n", 0),
        (f"Write `![a]({ADDRESS})` or ``{IMG}``.", 0),
        (f'<div style="position: absolute">\n\n![a]({ADDRESS})\n\n</div>\n\n![a]({ADDRESS})', 1),
        (f"[a]: {ADDRESS}\n\n![][a]", 0),
    ],
)
def test_markdown(text: str, count: int) -> None:
    assert found(text, is_markdown=True) == [ADDRESS] * count
