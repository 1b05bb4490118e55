"""`generate_many` and its awaitable twin: pictures of several prompts at once, from Python.

This module knows no notebook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from cometmagic.courier.client import Event
from cometmagic.errors import OptionError
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation import generate
from cometmagic.generation.batch import Batch, begin_many, interruptibly
from cometmagic.generation.compose import as_sent
from cometmagic.generation.plan import Plan, plans
from cometmagic.generation.result_list import LONGEST_LABEL, ImageResults
from cometmagic.options.sweeps import check_number
from cometmagic.system.sanitize import line


def generate_many(
    prompts: str | Iterable[Any], *, images: Any = (), progress: Callable[[Event], None] | None = None, **options: Any
) -> ImageResults:
    """Return the pictures of several prompts, made at once; what failed stands in its place as its error.

    `prompts` are prompts as `generate` takes them, or one text with `count=4` or
    `sweep={"aspect_ratio": ["1:1", "16:9"]}`. `progress` gets the courier's events, with the `number` of the
    picture. Raises a `CometError` for what is wrong before anything is sent, and `Interrupted`: what was asked for
    is still saved.
    """
    batch = interruptibly(lambda left: begin_many(_planned(prompts, images, options), left))
    return generate.watched(batch, progress, lambda: _kept(batch))


async def agenerate_many(prompts: str | Iterable[Any], *, images: Any = (), **options: Any) -> ImageResults:
    """Return the pictures of several prompts, as `generate_many` does, without blocking the event loop.

    Cancelling stops the waiting only: what was sent goes on, and its pictures are saved in the library.
    """
    batch = await generate.awaited(lambda left: begin_many(_planned(prompts, images, options), left))
    return _kept(batch)


def _kept(batch: Batch) -> ImageResults:
    """Return what came of calls that have ended, saved where it should be."""
    results = batch.results()
    for _ in batch.save(results):
        pass
    return results


def _planned(prompts: Any, images: Any, options: dict[str, Any]) -> list[Plan]:
    """Return the plans of several prompts, each with a label that tells it from the others."""
    asked = _listed(prompts)
    check_number(len(asked))
    shown, notes = as_sent(images, private=bool(options.get("private_urls")))  # once for all of them
    planned: list[Plan] = []
    for prompt in asked:
        several = plans(prompt, images=shown, notes=notes, last=generate.last(), **options)
        planned += several if len(asked) == 1 else map(_labelled, several)
        check_number(len(planned))
    return planned


def _listed(prompts: Any) -> list[Any]:
    if isinstance(prompts, str):
        return [prompts]
    if isinstance(prompts, bytes | dict | ImagePart) or not isinstance(prompts, Iterable):
        raise OptionError(f"{type(prompts).__name__} is no list of prompts.", do='Give a list: ["a cat", "a dog"].')
    return list(prompts)


def _labelled(plan: Plan) -> Plan:
    return replace(plan, label=" · ".join(filter(None, [line(plan.request.prompt, LONGEST_LABEL), plan.label])))
