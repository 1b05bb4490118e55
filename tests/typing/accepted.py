"""What type checkers must accept: the public functions as the README uses them. Nothing of it runs."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import cometmagic as cm


def generate() -> None:
    result = cm.generate("a red bicycle")
    assert_type(result, cm.ImageResult)
    cm.generate("a red bicycle", aspect_ratio="16:9", image_size="2K", images=["sketch.png"])
    cm.generate(["put this hat", Path("hat.png"), "on this cat", b"\x89PNG"], thoughts=True)
    cm.generate("a cat", search=["web", "image"], safety={"hate": "none"}, extra={"generationConfig": {"topK": 3}})
    cm.generate("a cat", temperature=1, top_p=0.5, seed=7, max_cost=0.5, total_timeout=300, source="offline")
    cm.generate("a cat", edit=result, save="cat.png", preview=512, alt="a cat", model=None)
    cm.generate("a cat", progress=lambda event: print(event["event"]))  # noqa: T201


def generate_many() -> None:
    results = cm.generate_many(["a cat", "a dog"], aspect_ratio="1:1")
    assert_type(results, cm.ImageResults)
    cm.generate_many("a cat", count=4)
    cm.generate_many("a cat", sweep={"aspect_ratio": ["1:1", "16:9"]}, at_once=2)
    for result in results:
        if isinstance(result, cm.CometError):
            assert_type(str(result), str)
        else:
            assert_type(result.cost, float | None)
            assert_type(result.deviations, tuple[str, ...])


async def await_images() -> None:
    assert_type(await cm.agenerate("a cat", thinking="high"), cm.ImageResult)
    assert_type(await cm.agenerate_many(["a cat"], count=2), cm.ImageResults)


def plan() -> None:
    plan = cm.plan("a cat", image_size="4K")
    assert_type(plan, cm.Plan)
    assert_type(plan.estimate.usd, float | None)
    assert_type(plan.as_code("curl"), str)


def panel() -> None:
    assert_type(cm.panel("a cat", aspect_ratio="1:1", into="cat"), cm.Panel)
    assert_type(cm.Panel("a cat", images=["hat.png"], count=2).as_cell(), str)


def use_result(result: cm.ImageResult) -> None:
    assert_type(result.edit("make it blue", image_size="1K"), cm.ImageResult)
    assert_type(result.chat("and at night", thoughts=True), cm.ImageResult)
    assert_type(result.image, cm.ImagePart)
    assert_type(result.image.data, bytes)
    assert_type(result.save("cat.png"), Path)


def use_library() -> None:
    library = cm.library()
    assert_type(library, cm.Library)
    library.pack("lesson")
    assert_type(library.is_trusted, bool)
    library.trust()
