"""Token counts that cannot be true are not believed: neither by the price, nor by a limit, nor by the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from cometmagic.costs.call_price import IMPOSSIBLE_COUNTS, read_price
from cometmagic.costs.ledger import Ledger
from cometmagic.display.caption import build_caption
from cometmagic.errors import BudgetError, NoImageError
from cometmagic.generation.generate import generate
from cometmagic.generation.result_list import ImageResults
from cometmagic.options.models import MODELS
from cometmagic.storage.index import read_calls
from tests.faults.asking import Asker
from tests.gemini.answers import Json, answer, answering, body, image, text
from tests.notebook.answers import painted

K1, K2, K4 = (painted("JPEG", 1408 * scale, 768 * scale) for scale in (1, 2, 4))
BLUE = painted("JPEG", 1024, 1024, "blue")
PRO, LITE, OLD = "gemini-3-pro-image", "gemini-3.1-flash-lite-image", "gemini-2.5-flash-image"
ROW = {"modality": "IMAGE", "tokenCount": 1120}
ESTIMATE = "estimate"


def counts(prompt: Any = 12, answer: Any = 0, total: Any = 12, **more: Any) -> Json:
    """Return `usageMetadata`."""
    return {"promptTokenCount": prompt, "candidatesTokenCount": answer, "totalTokenCount": total} | more


def two(rows: int) -> Json:
    """Return the counts of two pictures, with as many rows for images."""
    return counts(12, 2300, 2312, candidatesTokensDetails=[ROW] * rows)


def rows(*image_counts: Any) -> Json:
    """Return the field with one row for each count."""
    return {"candidatesTokensDetails": [ROW | {"tokenCount": count} for count in image_counts]}


# Pictures, counts, options; then the dollars it costs, and whether the counts stand.
CASES: dict[str, tuple[list[bytes], Any, dict[str, Any], float, bool]] = {
    "control": ([K1], counts(12, 1120, 1132), {}, 0.0672, True),
    "control-2k": ([K2], counts(12, 1680, 1692), {"image_size": "2K"}, 0.1008, True),
    "control-small": ([painted()], counts(12, 747, 759), {"image_size": "512"}, 0.0448, True),
    "control-two-rows": ([K1, BLUE], two(2), {}, 0.1346, True),
    "control-text-counts": ([K1], counts("12", "1120", "1132"), {}, 0.0672, True),
    "control-without-total": ([K1], {"candidatesTokenCount": 1120}, {}, 0.0672, True),
    "control-rows-only": ([K1], {"candidatesTokensDetails": [ROW]}, {}, 0.0672, True),
    "the-same-twice": ([K1, K1], counts(12, 1120, 1132), {}, 0.0672, True),
    "zeros": ([K1], counts(0, 0, 0), {}, 0.067, False),
    "words-only": ([K1], counts(12, 0, 12), {}, 0.067, False),
    "words-of-the-answer": ([K1], counts(12, 30, 42), {}, 0.067, False),
    "no-answer-count": ([K1], {"promptTokenCount": 12, "totalTokenCount": 12}, {}, 0.067, False),
    "empty-row": ([K1], counts(12, 1120, 1132, candidatesTokensDetails=[ROW | {"tokenCount": 0}]), {}, 0.067, False),
    "a-1k-count-for-4k": ([K4], counts(12, 1120, 1132), {"image_size": "4K"}, 0.151, False),
    "4k-came-for-1k": ([K4], counts(12, 1120, 1132), {}, 0.151, False),
    "one-count-for-two": ([K1, BLUE], counts(12, 1120, 1132), {}, 0.134, False),
    "one-row-for-two": ([K1, BLUE], two(1), {}, 0.134, False),
    "smallest-row": ([painted()], counts(12, 700, 712), {"image_size": "512"}, 0.045, False),
    "negative": ([K1], counts(-1, -1, -1), {}, 0.067, False),
    "negative-thoughts": ([K1], counts(12, 1120, 1132, thoughtsTokenCount=-50), {}, 0.067, False),
    "a-list": ([K1], counts(12, [1120], 1132), {}, 0.067, False),
    "no-object": ([K1], [12, 1120, 1132], {}, 0.067, False),
    "100-times": ([K1], counts(12, 112_000, 112_012), {}, 0.067, False),
    "100-times-in-a-row": ([K1], counts(12, 112_000, 112_012, **rows(112_000)), {}, 0.067, False),
    "five-times-in-a-row": ([K1], counts(12, 6000, 6012, **rows(6000)), {}, 0.067, False),
    "40-rows": ([K1], counts(12, 1120, 1132, **rows(*[1120] * 40)), {}, 0.067, False),
    "two-rows-for-one": ([K1], counts(12, 1120, 1132, **rows(1120, 1120)), {}, 0.067, False),
    "a-row-below-zero": ([K1], counts(12, 1120, 1132, **rows(2240, -1120)), {}, 0.067, False),
    "a-row-without-an-answer": ([K1], counts(12, 0, 12, **rows(1120)), {}, 0.067, False),
    "words-of-a-library": ([K1], counts(12, 40_000, 40_012, **rows(1120)), {}, 0.067, False),
    "thoughts-of-a-library": ([K1], counts(12, 1120, 1132, thoughtsTokenCount=40_000), {}, 0.067, False),
    "control-rounded-rows": ([K1], counts(12, 1120, 1132, **rows(561, 560)), {}, 0.0672, True),
    "control-many-words": ([K1], counts(12, 9120, 9132, **rows(1120)), {}, 0.0912, True),
    "control-many-words-without-rows": ([K1], counts(12, 9120, 9132), {}, 0.155, True),
    "control-many-thoughts": ([K1], counts(12, 1120, 9132, thoughtsTokenCount=8000), {}, 0.0912, True),
    "control-billed-as-asked": ([K1], counts(12, 2520, 2532, **rows(2520)), {"image_size": "4K"}, 0.1512, True),
    "too-many": ([K1], counts(12, 10**11, 10**11), {}, 0.067, False),
    "too-many-in": ([K1], counts(10**11, 1120, 10**11), {}, 0.067, False),
    "too-many-thoughts": ([K1], counts(12, 1120, 1132, thoughtsTokenCount=10**9), {}, 0.067, False),
    "pro": ([K4], counts(12, 1120, 1132), {"model": PRO, "image_size": "4K"}, 0.24, False),
    "lite": ([K1], counts(12, 7, 19), {"model": LITE}, 0.0336, False),
    "ratio": ([K1], counts(12, 1120, 1132), {"price_ratio": 0.5}, 0.0336, True),
    "ratio-and-zeros": ([K1], counts(0, 0, 0), {"price_ratio": 0.5}, 0.0335, False),
}


@pytest.mark.parametrize("name", CASES)
def test_counts_below_what_the_pictures_take_leave_the_estimate(ask: Asker, name: str) -> None:
    pictures, usage, options, dollars, is_believed = CASES[name]

    outcome = ask(*answering(answer(*map(image, pictures), usageMetadata=usage)), **options)

    price = outcome.made.price
    assert price.usd == pytest.approx(dollars, abs=0.0003)
    assert (IMPOSSIBLE_COUNTS in price.basis) is not is_believed
    assert price.basis.startswith("from the tokens used, " if is_believed else "estimate, ")
    assert ("tokens unknown" in build_caption(outcome.made)[0]["text/plain"]) is not is_believed
    assert ("× 0.5" in price.basis) is ("ratio" in name)
    [entry] = Ledger(ask.library.root).read_entries()
    assert entry.usd == price.usd
    [(_, summary)] = read_calls(ask.library)
    assert summary is not None
    assert read_price(summary) == price


@pytest.mark.parametrize(("usage", "sent"), [(counts(0, 0, 0), 2), (counts(12, 0, 12), 2), (counts(12, 500, 512), 2)])
def test_a_cap_counts_pictures_whose_counts_cannot_be_true(serving: Any, usage: Json, sent: int) -> None:
    with serving(*[answering(answer(image(K1), usageMetadata=usage))] * 3) as server:
        for _ in range(sent):
            generate("a cat", day_cap=0.15)
        with pytest.raises(BudgetError, match=r"on top of \$0\.13\d? spent today"):
            generate("a cat", day_cap=0.15)
    assert len(server.log) == sent


@pytest.mark.parametrize(
    ("prompt_count", "is_believed"), [(0, False), (None, False), (12, False), (257, False), (270, True), (1132, True)]
)
def test_the_prompt_counts_at_least_the_pictures_that_were_sent(
    ask: Asker, prompt_count: int | None, is_believed: bool
) -> None:
    usage = counts(prompt_count, 1120, 1132)

    outcome = ask(*answering(answer(image(K1), usageMetadata=usage)), images=[K1])

    assert outcome.call["references"] == 1
    assert (IMPOSSIBLE_COUNTS in outcome.made.price.basis) is not is_believed
    assert outcome.made.price.usd == pytest.approx(0.0672 + 1120 * 0.5e-6 * (not is_believed), abs=0.0007)


@pytest.mark.parametrize(
    ("usage", "text"),
    [
        (counts(12, 1120, 1132), "1,132 tokens"),
        (counts(12, 1120, 1200, thoughtsTokenCount=68), "1,200 tokens, 68 of them thinking"),
        (counts(12, 1120, 1132, thoughtsTokenCount=68), "1,132 tokens, 68 of them thinking"),
        (counts(12, 1120, 2000, toolUsePromptTokenCount=868), "2,000 tokens"),
        (counts(12, 1120, None), "1,132 tokens"),
        (counts(12, 1120, None, thoughtsTokenCount=68), "1,200 tokens, 68 of them thinking"),
        ({"candidatesTokenCount": 1120}, "1,120 tokens"),
        (rows(1120), "1,120 tokens"),
        (counts(12, 1120, 0), "1,132 tokens"),
        (counts(12, 1120, 1000), "1,132 tokens"),
        (counts(12, 1120, 10**9), "1,132 tokens"),
        (counts(12, 1120, -5), "tokens unknown"),
        (counts(12, 7, 19), "tokens unknown"),
        ({"totalTokenCount": 1132}, "tokens unknown"),
        ({}, "tokens unknown"),
    ],
    ids=range(15),
)
def test_the_caption_shows_tokens_that_can_be_true(ask: Asker, usage: Json, text: str) -> None:
    made = ask(*answering(answer(image(K1), usageMetadata=usage))).made

    facts = build_caption(made)[0]["text/plain"].splitlines()[0].split(" · ")
    assert text in facts
    [row] = ImageResults([made]).rows()
    assert row["tokens"] == (None if text == "tokens unknown" else int(text.split(maxsplit=1)[0].replace(",", "")))


def test_of_a_stream_the_fullest_counts_are_believed(ask: Asker) -> None:
    full = answer(image(K1), usageMetadata=counts(12, 1120, 1132))
    documents = [full, answer(text("Done."), usageMetadata=counts(12, 7, 19)), {"usageMetadata": counts(0, 0, 0)}]
    stream = b"".join(b"data: " + body(document) + b"\n\n" for document in documents)

    made = ask(*answering(stream)).made

    assert (made.usage.prompt, made.usage.answer, made.usage.total) == (12, 1120, 1132)
    assert IMPOSSIBLE_COUNTS not in made.price.basis


def test_drafts_among_the_thoughts_need_no_tokens_of_their_own(ask: Asker) -> None:
    usage = counts(12, 1120, 1200, thoughtsTokenCount=68)

    outcome = ask(*answering(answer(image(BLUE, thought=True), image(K1), usageMetadata=usage)))

    assert IMPOSSIBLE_COUNTS not in outcome.made.price.basis


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [(counts(0, 0, 0), 0.067), (counts(12, 0, 12), 0.0), (counts(12, 40, 52), 0.0024), (counts(10**9, 1, 1), 0.067)],
    ids=["zeros", "prompt", "words", "too-many"],
)
def test_an_answer_in_words_costs_its_tokens_if_they_can_be_true(ask: Asker, usage: Json, dollars: float) -> None:
    assert isinstance(ask(*answering(answer(text("No."), usageMetadata=usage))).told, NoImageError)

    [entry] = Ledger(ask.library.root).read_entries()
    assert entry.usd == pytest.approx(dollars, abs=0.0001)


def test_a_model_that_is_not_listed_keeps_its_price_unknown(ask: Asker) -> None:
    outcome = ask(*answering(answer(image(K1), usageMetadata=counts(0, 0, 0))), model="some-new-model")

    assert str(outcome.made.price) == "price unknown"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.title)
def test_every_model_has_a_price_for_a_picture_without_counts(model: Any) -> None:
    row = {"name": "image.png", "role": "image", "mime_type": "image/png", "width": None, "height": None}
    call: Any = {"model": model.names[0], "files": [row], "usage": {"prompt": 0, "answer": 0}}

    assert read_price(call).usd == next(iter(model.image_prices.values()))
