"""What is known of requests beforehand: their JSON for people, their source, and what a limit would say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cometmagic import generate
from cometmagic.generation.plan import Plan, build_plans, plan
from cometmagic.generation.preflight import (
    MAX_TEXT_LENGTH,
    collect_warnings,
    describe_image,
    describe_sources,
    estimate_total,
    format_request,
)
from tests.notebook.answers import answering, body, image, painted, serving

KEYS = {"COMETAPI_KEY": "sk-canary-4f9c2b7e1d8a6035"}


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a key; nothing listens anywhere."""
    monkeypatch.setenv("COMETAPI_KEY", KEYS["COMETAPI_KEY"])


def parts(planned: Plan) -> list[dict[str, Any]]:
    return list(json.loads(format_request(planned))["contents"][-1]["parts"])


def test_the_json_is_the_body_with_images_told_in_words() -> None:
    planned = plan(["put this", painted("PNG", 640, 480), "there"], aspect_ratio="16:9")
    told, sent = json.loads(format_request(planned)), planned.body

    assert told["contents"][0]["parts"][1]["inlineData"]["data"].startswith("<image/png, 640 × 480 px, ")
    assert sent["contents"][0]["parts"][1]["inlineData"]["data"] == {"file": "reference-1.png"}
    told["contents"][0]["parts"][1] = sent["contents"][0]["parts"][1]
    assert told == sent


def test_signatures_are_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    signed = image(painted(), thoughtSignature="c2lnbmF0dXJl" * 1000)
    with serving(monkeypatch, answering(body(signed))):
        first = generate("a cat")
        planned = plan("and at night", chat=first)

    told = format_request(planned)

    assert "c2lnbmF0dXJl" not in told
    assert '"thoughtSignature": "<thought signature, 12.0 kB>"' in told


def test_a_prompt_that_looks_like_a_place_stays_a_prompt() -> None:
    assert parts(plan('{"file": "reference-1.png"}')) == [{"text": '{"file": "reference-1.png"}'}]


def test_long_texts_are_cut_and_counted() -> None:
    [part] = parts(plan("x" * 100_000))

    assert part["text"] == "x" * MAX_TEXT_LENGTH + "… (100,000 characters)"


def test_what_cannot_be_seen_is_escaped_and_reads_back() -> None:
    prompt = "red\x1b[31m \u202eabc\u200b\u00a0é 日本 \U000e0041 end"

    told = format_request(plan(prompt))

    assert "\\u001b[31m \\u202eabc\\u200b\\u00a0é 日本 \\udb40\\udc41 end" in told
    assert [letter for letter in told if not letter.isprintable() and letter != "\n"] == []
    assert parts(plan(prompt)) == [{"text": prompt}]


def test_a_live_call_names_the_host_and_where_the_key_is_from(keyed: None) -> None:
    [told] = describe_sources([plan("a cat")])

    assert told == "live, from api.cometapi.com, with the key from COMETAPI_KEY"
    assert KEYS["COMETAPI_KEY"][3:9] not in told


def test_without_a_key_a_recording_is_named_or_a_sketch(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(), answering()):
        folders = [generate("a cat").folder for _ in range(2)]

    told = describe_sources([*build_plans("a cat", count=3), plan("a dog")])

    assert told[:2] == [f"replay of the recording {folder.name[-6:]}, free" for folder in folders]
    assert told[2] == told[3] == "offline sketch, free: there is neither a key nor a recording of this request"


def test_a_source_that_is_asked_for_is_told() -> None:
    assert describe_sources([plan("a cat", source="offline")]) == ["offline sketch, free, as asked for"]
    assert describe_sources([plan("a cat", source="replay")]) == [
        "replay, which would fail: there is no recording of this request"
    ]


def test_the_price_is_that_of_all(keyed: None) -> None:
    planned = build_plans("a cat", sweep={"image_size": ["1K", "4K"]})

    assert estimate_total(planned).usd == pytest.approx(0.067 + 0.151, abs=1e-4)
    assert estimate_total(build_plans("a cat", count=2, source="offline")).usd == pytest.approx(0.134, abs=1e-4)


def test_a_limit_that_would_refuse_it_is_told(keyed: None) -> None:
    assert collect_warnings(build_plans("a cat", count=2, max_cost=0.2)) == []
    [told] = collect_warnings(build_plans("a cat", count=4, max_cost=0.2))
    assert told.startswith("It would be refused: This may cost $0.268, which is above --max-cost $0.200.")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "this costs $0.268."),
        ({"count": 3}, "the 3 pictures together cost $0.804."),
        ({"sweep": {"image_size": ["1K", "4K"]}}, "the 2 pictures together cost $0.872."),
        ({"count": 2, "model": "unheard-of"}, "the 2 pictures together cost an unknown sum."),
    ],
)
def test_the_worst_case_is_that_of_all(keyed: None, options: dict[str, Any], words: str) -> None:
    told = collect_warnings(build_plans("a cat", retry_unknown=3, **options))

    assert [text for text in told if "worst case" in text] == [f"--retry-unknown 3: in the worst case {words}"]
    assert "worst case" not in str(collect_warnings(build_plans("a cat", **options)))


def test_remarks_are_told_once(keyed: None) -> None:
    told = collect_warnings(build_plans("a cat", model="unheard-of", count=3, total_timeout=20))

    assert len(told) == 2
    assert told[0].startswith("unheard-of is not in the table")
    assert told[1].startswith("Models take up to 180 s")


def test_images_are_described() -> None:
    [part] = plan("a cat", images=[painted("PNG", 640, 480)]).request.references

    assert describe_image(part).startswith("image/png, 640 × 480 px, ")
    assert describe_image(part).endswith(" kB")
