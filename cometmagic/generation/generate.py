"""The functions that people call for images: one or several, waiting or awaited.

Each plans, starts the calls and waits for them; how is known to `plan`, `launch` and `wait`. This module knows no
notebook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Unpack

from cometmagic.courier.job import Event
from cometmagic.errors import ChargeStatus, Interrupted, OptionError
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import Call, CancelCheck
from cometmagic.generation.compose import Prompt, build_image_parts
from cometmagic.generation.image_list import list_image_option, list_images
from cometmagic.generation.launch import check_not_dry_run, launch, launch_batch
from cometmagic.generation.plan import Plan, build_plan, build_plans
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import MAX_LABEL_LENGTH, ImageResults
from cometmagic.generation.session import get_last_folder, set_last_result
from cometmagic.generation.text_checks import build_text_checker
from cometmagic.generation.wait import launch_on_thread, start_and_wait, wait_until_done
from cometmagic.options import pyproject
from cometmagic.options.declaration import CellOptions
from cometmagic.options.keywords import BatchOptions, ImageOptions, expose_keywords
from cometmagic.options.sweeps import check_image_count
from cometmagic.system.sanitize import clean_line


def start_generation(
    prompt: Prompt, *, images: Any = (), is_cancelled: CancelCheck = lambda: False, **options: Any
) -> Call:
    """Check a request, write its call folder and start the delivery, without waiting.

    `options` are those of `declaration` as people write them; `is_cancelled` says whether the caller has stopped
    waiting meanwhile. Raises a `CometError` for whatever is wrong before anything is sent, and `Interrupted`.
    """
    try:
        plan = build_plan(prompt, images=images, last_folder=get_last_folder(), **options)
        check_not_dry_run(plan)
    except KeyboardInterrupt:
        raise Interrupted(ChargeStatus.UNSENT) from None
    return launch(plan, is_cancelled)


@expose_keywords(ImageOptions)
def generate(
    prompt: Prompt,
    *,
    images: Any = (),
    progress: Callable[[Event], None] | None = None,
    **options: Unpack[ImageOptions],
) -> ImageResult:
    """Generate one image and wait for it.

    Args:
        prompt: A text, or a list of texts and images, which are sent in this order.
        images: One reference image or several, sent after the prompt: PIL images, numpy arrays, matplotlib
            figures, bytes, paths, http(s) addresses, earlier results.
        progress: A function that is called with each event of the call, a dict with the key `event`.
        **options: The options of a cell, for example `aspect_ratio="16:9"` or `image_size="2K"`.

    Returns:
        The result. Everything in it is read from its folder when you ask for it.

    Raises:
        CometError: The request is wrong, was refused, or brought no image. The message says what it may have cost.
        Interrupted: You stopped waiting (a `KeyboardInterrupt`). A request that was sent goes on, and its image is
            saved in the library.
    """
    call = start_generation(prompt, images=images, **options)
    return wait_until_done(call, progress, lambda: _finish_call(call))


@expose_keywords(ImageOptions)
async def agenerate(prompt: Prompt, *, images: Any = (), **options: Unpack[ImageOptions]) -> ImageResult:
    """Generate one image without blocking the event loop.

    Args:
        prompt: As in `generate`.
        images: As in `generate`.
        **options: As in `generate`.

    Returns:
        The result.

    Raises:
        CometError: As in `generate`.
        asyncio.CancelledError: The task was cancelled. A request that was sent goes on, and its image is saved.
    """
    call = await start_and_wait(
        lambda is_cancelled: start_generation(prompt, images=images, is_cancelled=is_cancelled, **options)
    )
    return _finish_call(call)


def _finish_call(call: Call) -> ImageResult:
    """Return the result of a call that has ended, after saving a copy where `save` says."""
    result = call.result()
    set_last_result(result)
    call.save(result)
    return result


@expose_keywords(BatchOptions)
def generate_many(
    prompts: Prompt | Iterable[Any],
    *,
    images: Any = (),
    progress: Callable[[Event], None] | None = None,
    **options: Unpack[BatchOptions],
) -> ImageResults:
    """Generate several images at once and wait for all of them.

    A batch is checked as a whole before anything is sent. After that each image succeeds or fails on its own.

    Args:
        prompts: Prompts as `generate` takes them; or one text with `count=4` or
            `sweep={"aspect_ratio": ["1:1", "16:9"]}`.
        images: Reference images that every request gets.
        progress: As in `generate`; each event also has the `number` of its call, counted from 0.
        **options: As in `generate`, and `count` and `sweep`.

    Returns:
        The results in the order of the prompts. An image that failed stands in its place as its error.

    Raises:
        CometError: Something is wrong before anything is sent.
        Interrupted: You stopped waiting. Requests that were sent go on, and their images are saved in the library.
    """
    batch = launch_on_thread(lambda is_cancelled: launch_batch(_plan_prompts(prompts, images, options), is_cancelled))
    return wait_until_done(batch, progress, lambda: _finish_batch(batch))


@expose_keywords(BatchOptions)
async def agenerate_many(
    prompts: Prompt | Iterable[Any], *, images: Any = (), **options: Unpack[BatchOptions]
) -> ImageResults:
    """Generate several images at once without blocking the event loop.

    Args:
        prompts: As in `generate_many`.
        images: As in `generate_many`.
        **options: As in `generate_many`.

    Returns:
        The results in the order of the prompts.

    Raises:
        CometError: As in `generate_many`.
        asyncio.CancelledError: The task was cancelled. Requests that were sent go on, and their images are saved.
    """
    batch = await start_and_wait(
        lambda is_cancelled: launch_batch(_plan_prompts(prompts, images, options), is_cancelled)
    )
    return _finish_batch(batch)


def _finish_batch(batch: Batch) -> ImageResults:
    """Return the results of calls that have ended, after saving copies where `save` says."""
    results = batch.collect_results()
    for _ in batch.save(results):
        pass
    return results


def _plan_prompts(prompts: Any, images: Any, options: Mapping[str, Any]) -> list[Plan]:
    """Return the plans of several prompts, each with a label that tells it from the others."""
    prompt_list = _list_prompts(prompts)
    check_image_count(len(prompt_list))
    images = list_images(images)
    build_text_checker(options).check_references(images)  # before they are fetched
    options = list_image_option(options)
    parts, warnings = build_image_parts(  # once for all
        images, allow_private=bool(options.get("private_urls")), strip_exif=_read_strip_exif(options)
    )
    plans: list[Plan] = []
    for prompt in prompt_list:
        variants = build_plans(prompt, images=parts, warnings=warnings, last_folder=get_last_folder(), **options)
        plans += variants if len(prompt_list) == 1 else map(_label_plan, variants)
        check_image_count(len(plans))
    return plans


def _read_strip_exif(options: Mapping[str, Any]) -> bool:
    """Return the option, which a preset or the project may set. Raises `OptionError`."""
    merged, _ = pyproject.merge_options(dict(options), {})
    return CellOptions.build({"strip_exif": merged.get("strip_exif")}).strip_exif


def _list_prompts(prompts: Any) -> list[Any]:
    if isinstance(prompts, str):
        return [prompts]
    if isinstance(prompts, bytes | dict | ImagePart) or not isinstance(prompts, Iterable):
        message = f"{type(prompts).__name__} is no list of prompts."
        raise OptionError(message, advice='Give a list: ["a cat", "a dog"].')
    return list(prompts)


def _label_plan(plan: Plan) -> Plan:
    prompt = clean_line(plan.request.prompt, MAX_LABEL_LENGTH)
    return replace(plan, label=" · ".join(filter(None, [prompt, plan.label])))
