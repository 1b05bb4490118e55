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
from cometmagic.generation.batch import Batch, launch_batch, launch_on_thread
from cometmagic.generation.compose import build_image_parts
from cometmagic.generation.plan import Plan, build_plans
from cometmagic.generation.result_list import MAX_LABEL_LENGTH, ImageResults
from cometmagic.options.sweeps import check_image_count
from cometmagic.system.sanitize import clean_line


def generate_many(
    prompts: str | Iterable[Any], *, images: Any = (), progress: Callable[[Event], None] | None = None, **options: Any
) -> ImageResults:
    """Return the pictures of several prompts, made at once; what failed stands in its place as its error.

    `prompts` are prompts as `generate` takes them, or one text with `count=4` or
    `sweep={"aspect_ratio": ["1:1", "16:9"]}`. `progress` gets the courier's events, with the `number` of the
    picture. Raises a `CometError` for what is wrong before anything is sent, and `Interrupted`: what was asked for
    is still saved.
    """
    batch = launch_on_thread(lambda left: launch_batch(_plan_prompts(prompts, images, options), left))
    return generate.wait_until_done(batch, progress, lambda: _finish_batch(batch))


async def agenerate_many(prompts: str | Iterable[Any], *, images: Any = (), **options: Any) -> ImageResults:
    """Return the pictures of several prompts, as `generate_many` does, without blocking the event loop.

    Cancelling stops the waiting only: what was sent goes on, and its pictures are saved in the library.
    """
    batch = await generate.start_and_wait(lambda left: launch_batch(_plan_prompts(prompts, images, options), left))
    return _finish_batch(batch)


def _finish_batch(batch: Batch) -> ImageResults:
    """Return what came of calls that have ended, saved where it should be."""
    results = batch.collect_results()
    for _ in batch.save(results):
        pass
    return results


def _plan_prompts(prompts: Any, images: Any, options: dict[str, Any]) -> list[Plan]:
    """Return the plans of several prompts, each with a label that tells it from the others."""
    asked = _list_prompts(prompts)
    check_image_count(len(asked))
    shown, notes = build_image_parts(images, allow_private=bool(options.get("private_urls")))  # once for all of them
    planned: list[Plan] = []
    for prompt in asked:
        several = build_plans(prompt, images=shown, warnings=notes, last_folder=generate.get_last_folder(), **options)
        planned += several if len(asked) == 1 else map(_label_plan, several)
        check_image_count(len(planned))
    return planned


def _list_prompts(prompts: Any) -> list[Any]:
    if isinstance(prompts, str):
        return [prompts]
    if isinstance(prompts, bytes | dict | ImagePart) or not isinstance(prompts, Iterable):
        raise OptionError(f"{type(prompts).__name__} is no list of prompts.", advice='Give a list: ["a cat", "a dog"].')
    return list(prompts)


def _label_plan(plan: Plan) -> Plan:
    return replace(
        plan, label=" · ".join(filter(None, [clean_line(plan.request.prompt, MAX_LABEL_LENGTH), plan.label]))
    )
