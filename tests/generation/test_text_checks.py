"""A key or token in any text of a request is refused before anything is sent or stored, and never quoted."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cometmagic import CometError, OptionError, generate, generate_many, plan
from cometmagic.generation.plan import build_plans
from cometmagic.options.template import render_template
from cometmagic.system.secret_patterns import find_secret_kind
from tests.faults.server import FaultServer
from tests.notebook.answers import CANARY, answering, painted, serving

TOKEN = "ghp_" + "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R"
Ask = Callable[[str], Any]
PLACES: dict[str, tuple[Ask, str]] = {
    "prompt": (lambda text: generate(f"a poster with {text}"), "The prompt"),
    "list of prompt parts": (lambda text: generate(["a poster", f"with {text}"]), "The prompt"),
    "one of several prompts": (lambda text: generate_many(["a cat", text]), "The prompt"),
    "variable": (lambda text: build_plans(render_template("a {{x}}", {"x": text})), "The variable x"),
    "system": (lambda text: generate("a cat", system=f"Be brief.\n{text}"), "--system"),
    "extra": (lambda text: generate("a cat", extra={"labels": {"a": [f"x\n{text}"]}}), "--extra"),
    "extra as text": (lambda text: generate("a cat", extra=f'{{"{text}": 1}}'), "--extra"),
    "alt": (lambda text: generate("a cat", alt=text), "--alt"),
    "model": (lambda text: generate("a cat", model=text), "--model"),
    "sweep": (lambda text: generate_many("a cat", sweep={"system": ["be kind", text]}), "--sweep"),
    "save": (lambda text: generate("a cat", save=f"{text}.png"), "--save"),
    "wrong value": (lambda text: generate("a cat", aspect_ratio=text), "--aspect-ratio"),
    "wrong number": (lambda text: generate("a cat", temperature=text), "--temperature"),  # type: ignore[arg-type]
    "edit": (lambda text: generate("a cat", edit=text), "--edit"),
    "path": (lambda text: generate("a cat", images=[Path(f"{text}.png")]), "A reference image"),
    "address": (lambda text: generate("a cat", images=f"https://a.example/{text}.png"), "A reference image"),
    "image option": (lambda text: generate_many("a cat", image=[f"https://a.example/{text}.png"]), "--image"),  # type: ignore[call-arg]
    "shared reference": (lambda text: generate_many(["a", "b"], images=f"http://a.b/{text}"), "A reference image"),
    "plan": (lambda text: plan(f"a poster with {text}"), "The prompt"),
}  # fmt: skip


@pytest.mark.parametrize("source", ["live", "replay", "offline"])
@pytest.mark.parametrize(("ask", "place"), PLACES.values(), ids=PLACES)
def test_a_token_is_refused_and_named_by_kind_and_place_only(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path, ask: Ask, place: str, source: str
) -> None:
    monkeypatch.setenv("COMETMAGIC_SOURCE", source)
    monkeypatch.setenv("COMETAPI_KEY", CANARY)
    with FaultServer() as server:
        monkeypatch.setenv("COMETAPI_BASE_URL", server.url)
        with pytest.raises(OptionError) as caught:
            ask(TOKEN)
        assert server.log == []

    assert caught.value.message == f"{place} seems to hold a GitHub token."
    assert "--allow-secret" in str(caught.value)
    assert "Nothing was sent" in str(caught.value)
    assert TOKEN[:12] not in repr(vars(caught.value))
    assert not library_folder.exists()


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("source", ["live", "replay", "offline"])
@pytest.mark.parametrize("text", [CANARY, CANARY.removeprefix("sk-"), CANARY.encode().hex(), " ".join(CANARY)])
def test_the_session_s_key_is_always_refused(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path, text: str, source: str, allowed: bool
) -> None:
    monkeypatch.setenv("COMETAPI_KEY", CANARY)

    with pytest.raises(OptionError, match=re.escape("The prompt holds your API key.")) as caught:
        generate(f"draw {text}", source=source, allow_secret=allowed)

    assert "--allow-secret" not in str(caught.value)
    assert not library_folder.exists()


def test_what_is_allowed_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(), answering()) as server:
        generate(f"a poster with {TOKEN}", allow_secret=True)
        generate("a poster with sk-learn on it")

    assert TOKEN.encode() in server.log[0].body
    assert server.posts == 2


def test_an_earlier_turn_with_a_token_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(), answering()) as server:
        first = generate(f"a poster with {TOKEN}", allow_secret=True)

        with pytest.raises(OptionError, match="An earlier turn seems to hold a GitHub token"):
            generate("and at night", chat=first)
        assert server.posts == 1
        first.edit("and at night")  # sends the image only

    assert TOKEN.encode() not in server.log[1].body


def test_an_error_never_quotes_what_looks_like_a_key() -> None:
    assert str(CometError(f"There is no preset {TOKEN!r}")).startswith("There is no preset '[key]'.")


def test_an_image_that_is_sent_is_not_searched() -> None:
    assert plan(["a cat like", painted(), TOKEN[:12]]).request.references


def test_chance_writes_no_key_into_an_image_that_is_a_text() -> None:
    key = "AIzaSy" + "D4e5F6g7H8" * 3 + "0a1"
    content = painted("PNG")
    padding = b"\0" * (-len(content) % 3 + 3)
    text = base64.b64encode(content + padding + base64.b64decode(f"/{key}/AAA")).decode()
    assert find_secret_kind(text), "the control"

    for images in (text, [text], f"data:image/png;base64,{text}"):
        assert len(plan("x", images=images).request.references) == 1
        assert len(build_plans("x", image=images)[0].request.references) == 1
    with pytest.raises(OptionError, match="seems to hold"):
        plan("x", images=f"{key}.png")
    with pytest.raises(OptionError, match="seems to hold"):
        build_plans("x", image=f"{key}.png")
