"""The one path from a request to a result, for the cell, the panel and Python.

`begin` takes a plan, writes the call folder and hands it to the courier; `Call` is what is then under way.
`generate` waits for it. This module knows no notebook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from cometmagic.courier.job import Event
from cometmagic.errors import ChargeStatus, Interrupted, OptionError
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import Call, CancelCheck
from cometmagic.generation.compose import Prompt, build_image_parts
from cometmagic.generation.launch import check_not_dry_run, launch, launch_batch
from cometmagic.generation.plan import Plan, build_plans, plan
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import MAX_LABEL_LENGTH, ImageResults
from cometmagic.generation.session import get_last_folder, set_last_result
from cometmagic.generation.wait import launch_on_thread, start_and_wait, wait_until_done
from cometmagic.options.sweeps import check_image_count
from cometmagic.system.sanitize import clean_line


def start_generation(
    prompt: Prompt, *, images: Any = (), is_cancelled: CancelCheck = lambda: False, **options: Any
) -> Call:
    """Check, write the call folder and start the delivery; nothing waits.

    `given` are the options of options.py as people write them; `unwanted` tells whether the asker has left
    meanwhile. Raises a `CometError` for whatever is wrong before anything is sent, and `Interrupted`.
    """
    try:
        planned = plan(prompt, images=images, last_folder=get_last_folder(), **options)
        check_not_dry_run(planned)
    except KeyboardInterrupt:
        raise Interrupted(ChargeStatus.UNSENT) from None
    return launch(planned, is_cancelled)


def generate(
    prompt: Prompt, *, images: Any = (), progress: Callable[[Event], None] | None = None, **options: Any
) -> ImageResult:
    """Return the picture of a prompt.

    `prompt` is a text, or texts and images in the order they are sent; `images`, one or several, follow
    it. `options` are those of the cell: `aspect_ratio="16:9"`, `image_size="2K"`. Raises a `CometError`;
    and `Interrupted` (a KeyboardInterrupt) when the waiting is interrupted: a picture that was asked for
    is still saved.
    """
    call = start_generation(prompt, images=images, **options)
    return wait_until_done(call, progress, lambda: _finish_call(call))


async def agenerate(prompt: Prompt, *, images: Any = (), **options: Any) -> ImageResult:
    """Return the picture of a prompt, as `generate` does, without blocking the event loop.

    Cancelling stops the waiting only: what was sent goes on, and its picture is saved in the library.
    """
    call = await start_and_wait(lambda left: start_generation(prompt, images=images, is_cancelled=left, **options))
    return _finish_call(call)


def _finish_call(call: Call) -> ImageResult:
    """Return what came of a call that has ended, saved where it should be."""
    result = call.result()
    set_last_result(result)
    call.save(result)
    return result


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
    return wait_until_done(batch, progress, lambda: _finish_batch(batch))


async def agenerate_many(prompts: str | Iterable[Any], *, images: Any = (), **options: Any) -> ImageResults:
    """Return the pictures of several prompts, as `generate_many` does, without blocking the event loop.

    Cancelling stops the waiting only: what was sent goes on, and its pictures are saved in the library.
    """
    batch = await start_and_wait(lambda left: launch_batch(_plan_prompts(prompts, images, options), left))
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
        several = build_plans(prompt, images=shown, warnings=notes, last_folder=get_last_folder(), **options)
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
