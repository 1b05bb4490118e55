"""From the line of a cell to the bytes on a socket: every declared option, and six whole bodies to the letter."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from cometmagic.options.command_line import format_option
from cometmagic.options.composite_types import ChoiceList, JsonObject, Pairs
from cometmagic.options.declaration import CellOptions, Limits, Options
from cometmagic.options.option_group import Option
from cometmagic.options.option_types import Choice, Flag, Number, OptionType
from tests.faults.server import Exchange
from tests.notebook.answers import answering, painted
from tests.notebook.fixtures import Notebook, Services

PLAIN: dict[str, Any] = {
    "contents": [{"role": "user", "parts": [{"text": "a cat"}]}],
    "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
}
# What stands on the wire where that is not the value as it is written.
SHAPED: dict[str, Any] = {
    "thinking": "HIGH",
    "search": [{"googleSearch": {"searchTypes": {"imageSearch": {}}}}],
    "system": {"parts": [{"text": 'be "brief", $5 {x}'}]},
    "safety": [{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "threshold": "OFF"}],
    "image_only": ["IMAGE"],
}
RED = painted("PNG", 8, 8, "red")
RED_64 = base64.b64encode(RED).decode()
REF = '{"inlineData":{"mimeType":"image/png","data":"' + RED_64 + '"}}'
BOTH = '"generationConfig":{"responseModalities":["TEXT","IMAGE"]}'


def sample(kind: OptionType) -> Any:
    """Return a value of a kind, and none that is anybody's default."""
    found: Any = 'be "brief", $5 {x}'
    match kind:
        case Choice(choices=choices):
            found = choices[-1]
        case ChoiceList(item_type=each):
            found = each.choices[-1]
        case Flag():
            found = True
        case Number(maximum=high, is_whole=whole):
            found = int(high) if whole else high
        case Pairs(key_table=left, value_table=right):
            found = {list(left)[-1]: list(right)[-1]}
        case JsonObject():
            found = {"labels": {"one": "two words"}}
    return found


def asked(notebook: Notebook, serve: Services, cell: str) -> Exchange:
    """Run a cell against a service and return the one request that came."""
    server = serve(answering())
    ran = notebook.run(cell)
    assert ran.error is None, ran.error
    [exchange] = server.log
    return exchange


@pytest.mark.parametrize("option", Options.list_options().values(), ids=lambda option: option.name)
def test_every_api_option_of_a_line_arrives_on_the_wire(notebook: Notebook, serve: Services, option: Option) -> None:
    value: Any = "models/some-model" if option.name == "model" else sample(option.type)

    exchange = asked(notebook, serve, f"%%gemini_image {format_option(option.name, value)}\na cat")

    body = json.loads(exchange.body)
    if option.name == "model":
        assert exchange.start_line == "POST /v1beta/models/some-model:generateContent HTTP/1.1"
        assert body == PLAIN
    elif option.name == "extra":
        assert body == PLAIN | value
    else:
        place = body
        for name in option.json_path.split("."):
            place = place[name]
        assert place == SHAPED.get(option.name, value)


# Those that change what is sent, have no value to write, or keep the cell from sending at all.
ELSEWHERE = {
    "image",
    "edit",
    "chat",
    "count",
    "sweep",
    "preset",
    "dry_run",
    "show_code",
    "background",
    "into",
    "source",
}
LOCAL = [
    option
    for group in (CellOptions, Limits)
    for option in group.list_options().values()
    if option.name not in ELSEWHERE | {"max_cost", "session_cap", "day_cap"}
]


@pytest.mark.parametrize("option", LOCAL, ids=lambda option: option.name)
def test_what_concerns_the_notebook_is_not_sent(
    notebook: Notebook, serve: Services, option: Option, tmp_path: Path
) -> None:
    value = str(tmp_path / "saved") if option.name == "save" else sample(option.type)

    exchange = asked(notebook, serve, f"%%gemini_image {format_option(option.name, value)}\na cat")

    assert json.loads(exchange.body) == PLAIN


GOLDEN = {
    "plain": ("%%gemini_image\na cat", '{"contents":[{"role":"user","parts":[{"text":"a cat"}]}],' + BOTH + "}"),
    "shape": (
        "%%gemini_image -a 16:9 -s 2k -t --thinking high\na cat",
        (
            '{"contents":[{"role":"user","parts":[{"text":"a cat"}]}],"generationConfig":{"imageConfig":'
            '{"aspectRatio":"16:9","imageSize":"2K"},"thinkingConfig":{"includeThoughts":true,"thinkingLevel":"HIGH"},'
            '"responseModalities":["TEXT","IMAGE"]}}'
        ),
    ),
    "verbatim": (
        '%%gemini_image\n  {"a": {}} {x} $5 100% \\n {{}} “é”\t\n\nend  ',
        '{"contents":[{"role":"user","parts":[{"text":"  {\\"a\\": {}} {x} $5 100% \\\\n {{}} “é”\\t\\n\\nend  "}]}],'
        + BOTH
        + "}",
    ),
    "in place": (
        "%%gemini_image -i photo\nput {{photo}} on a {{colour}} wall",
        '{"contents":[{"role":"user","parts":[{"text":"put "},'
        + REF
        + ',{"text":" on a green wall"},'
        + REF
        + "]}],"
        + BOTH
        + "}",
    ),
    "tools": (
        "%%gemini_image --search web,image --system 'be kind' --image-only\na cat",
        (
            '{"contents":[{"role":"user","parts":[{"text":"a cat"}]}],"tools":[{"googleSearch":{"searchTypes":'
            '{"webSearch":{},"imageSearch":{}}}}],"systemInstruction":{"parts":[{"text":"be kind"}]},'
            '"generationConfig":{"responseModalities":["IMAGE"]}}'
        ),
    ),
    "sampling": (
        (
            "%%gemini_image --temperature 0.5 --top-p 0.9 --top-k 40 --seed 7 --safety hate=none "
            '--max-output-tokens 4096 --extra \'{"serviceTier": "flex", "generationConfig": {"topK": 3}}\'\na cat'
        ),
        (
            '{"contents":[{"role":"user","parts":[{"text":"a cat"}]}],"generationConfig":{"temperature":0.5,"topP":0.9,'
            '"topK":3,"seed":7,"maxOutputTokens":4096,"responseModalities":["TEXT","IMAGE"]},"safetySettings":'
            '[{"category":"HARM_CATEGORY_HATE_SPEECH","threshold":"BLOCK_NONE"}],"serviceTier":"flex"}'
        ),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_body(notebook: Notebook, serve: Services, name: str) -> None:
    cell, body = GOLDEN[name]
    notebook.run(f"colour, photo = 'green', {RED!r}")

    assert asked(notebook, serve, cell).body.decode() == body
