"""What a request will be: checked, composed and priced, before a folder is made or anything is sent.

The cell, the panel and Python all ask for a `Plan`; a dry run and `--show-code` stop there. Everything that can be
found wrong for nothing is found here. This module knows no notebook and sends nothing but the requests for
reference images that stand at http(s) addresses.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Unpack

from cometmagic.costs.estimate import Price, estimate_price, find_price_warnings
from cometmagic.costs.max_cost import CallEstimate
from cometmagic.courier.route import LiveRoute, OfflineRoute, Route
from cometmagic.errors import MissingKeyError, OptionError
from cometmagic.gemini.encode import encode_request, find_replaced_fields, hash_request, measure_request
from cometmagic.gemini.request import ImageRequest
from cometmagic.generation.compose import ComposedPrompt, Prompt, apply_preset, compose, to_list
from cometmagic.generation.exercise_stub import is_exercise_stub
from cometmagic.generation.image_list import list_image_option, list_images
from cometmagic.generation.text_checks import build_text_checker
from cometmagic.generation.trust_check import check_live_call
from cometmagic.options import pyproject
from cometmagic.options.base_url import read_base_url
from cometmagic.options.declaration import CellOptions, Limits, Options, build_options
from cometmagic.options.keywords import ImageOptions, expose_keywords
from cometmagic.options.model_checks import find_model_warnings
from cometmagic.options.settings import (
    KEY_INSTRUCTIONS,
    find_key,
    find_library_folder,
    read_default_source,
    read_environment_limits,
)
from cometmagic.options.sweeps import expand_variants
from cometmagic.options.template import PromptPiece
from cometmagic.storage import lineage
from cometmagic.storage.index import find_recording
from cometmagic.storage.library import Library
from cometmagic.storage.save_paths import check_target
from cometmagic.system.sanitize import clean_line

MAX_MODEL_LENGTH = 200  # characters

_NO_DEFAULTS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Plan:
    """One request that is ready to be sent, with its estimated price and its warnings."""

    __module__ = "cometmagic"  # where people import it from

    request: ImageRequest
    cell_options: CellOptions
    limits: Limits
    source: str  # `auto` without a key: a recording of the request if there is one, else a sketch
    route: Route
    estimate: Price
    warnings: tuple[str, ...] = ()
    parent: lineage.ParentContext | None = None
    prompt_pieces: tuple[PromptPiece, ...] = ()  # the prompt with the names of the variables in it
    label: str = ""  # its name within a sweep
    reference_paths: tuple[Path, ...] = ()  # files among the references

    @property
    def body(self) -> dict[str, Any]:
        """The request's JSON, with each image as `{"file": name}`."""
        return encode_request(self.request)

    @functools.cached_property
    def request_hash(self) -> str:
        """The hash that identifies the request; recordings are found by it."""
        return hash_request(self.request)

    @property
    def body_size(self) -> int:
        """The size of the body in bytes."""
        return measure_request(self.request)

    @property
    def call_estimate(self) -> CallEstimate:
        """What the call may cost, as limits on money need it."""
        return CallEstimate(self.request.options, len(self.request.references), self.estimate)

    def as_code(self, kind: str = "httpx") -> str:
        """Return the request as a program, as `ImageResult.as_code` does."""
        from cometmagic.codegen.programs import render_code  # only for those who ask for one

        parent = self.parent.to_dict() if self.parent is not None else None
        return render_code(self.request, kind, parent=parent, files=self.reference_paths)


@expose_keywords(ImageOptions)
def plan(prompt: Prompt, *, images: Any = (), **options: Unpack[ImageOptions]) -> Plan:
    """Return what `generate` would send and what it should cost, without sending anything.

    Args:
        prompt: As in `generate`.
        images: As in `generate`.
        **options: As in `generate`.

    Returns:
        The plan: its `request`, `body` (JSON), `estimate` (US dollars), `warnings`, and `as_code()`.

    Raises:
        CometError: Whatever `generate` would find wrong before sending.
    """
    return build_plan(prompt, images=images, **options)


def build_plan(prompt: Prompt, *, images: Any = (), last_folder: Path | None = None, **options: Any) -> Plan:
    """Return the plan of one image. Raises as `build_plans` does, and `OptionError` when there are several."""
    plans = build_plans(prompt, images=images, last_folder=last_folder, **options)
    if len(plans) > 1:
        message = f"These are {len(plans)} pictures."
        raise OptionError(message, advice="Use cometmagic.generate_many, or %%gemini_image.")
    return plans[0]


def build_plans(
    prompt: Prompt,
    *,
    images: Any = (),
    last_folder: Path | None = None,
    session_options: Mapping[str, Any] = _NO_DEFAULTS,
    warnings: Iterable[str] = (),
    **options: Any,
) -> list[Plan]:
    """Return the plans of a prompt: one, or one for each image of `count` and `sweep`.

    `last_folder` is the folder of the result that `edit=True` means. `session_options` are a notebook's defaults, which
    come after `options` and before the project's. `warnings` are added to those of each plan. Raises a `CometError`.
    """
    images, options = list_images(images), list_image_option(options)
    merged, preset = pyproject.merge_options(_drop_unset(options), dict(session_options))
    options, prompt = read_environment_limits() | merged, apply_preset(preset, prompt)
    text_checker = build_text_checker(options)
    text_checker.check_options(options)  # before an error quotes one of them
    api_options, cell_options, limits = build_options(options)
    variants = list(expand_variants(cell_options))
    source, route = _find_route(cell_options.source)
    text_checker = replace(text_checker, key=route.key) if isinstance(route, LiveRoute) else text_checker
    text_checker.check_inputs(prompt, images, api_options.list_changes() | cell_options.list_changes())
    library = Library(find_library_folder())
    parent = lineage.resolve_parent(cell_options.edit, cell_options.chat, library, last_folder)
    inputs = (*to_list(prompt), *images)
    trust_warnings = check_live_call(library, parent, inputs, cell_options) if source == "live" else ()
    cell_options = replace(cell_options, save=check_target(cell_options.save) if cell_options.save else None)
    shared = (cell_options, limits, source, replace(route, limits=limits) if isinstance(route, LiveRoute) else route)

    def build(parent: lineage.ParentContext | None) -> list[Plan]:
        composition = compose(prompt, images, cell_options, parent, (*trust_warnings, *warnings))
        text_checker.check_turns(composition.turns[:-1])
        defaults: dict[str, Any] = {}
        if parent is not None and parent.mode == lineage.CHAT:
            defaults["model"] = parent.folder.read()["model"]
        return [_build_plan(defaults | options | changes, label, composition, *shared) for label, changes in variants]

    if parent is not None and source in ("auto", "replay"):
        for plans in map(build, parent.replay_contexts):
            if all(find_recording(library, plan.request_hash) for plan in plans):
                return plans
    return build(parent)


def _drop_unset(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _build_plan(
    option_values: dict[str, Any],
    label: str,
    composed_prompt: ComposedPrompt,
    cell_options: CellOptions,
    limits: Limits,
    source: str,
    route: Route,
) -> Plan:
    options = Options.build({name: value for name, value in option_values.items() if name in Options.list_options()})
    request = ImageRequest(composed_prompt.turns, options)
    _check_request(request)
    warnings = (
        *find_model_warnings(options, len(request.last_turn_images)),
        *find_replaced_fields(request),
        *composed_prompt.warnings,
    )
    warnings += tuple(find_price_warnings(options)) if source == "live" else ()
    # Everything that is sent is paid for, also the texts and images of earlier turns.
    estimate = estimate_price(options, request.text, len(request.references), limits.price_ratio)
    return Plan(
        request,
        cell_options,
        limits,
        source,
        route,
        estimate,
        warnings,
        composed_prompt.parent,
        composed_prompt.prompt_pieces,
        label,
        composed_prompt.reference_paths,
    )


def _check_request(request: ImageRequest) -> None:
    """Raise `OptionError` for a request that cannot be sent."""
    prompt, model = request.prompt, request.options.model
    if not prompt.strip():
        raise OptionError("There is no prompt.", advice="Write what you want to see.")
    if is_exercise_stub(prompt):
        message = f"{clean_line(prompt, 60)!r} is the placeholder of an exercise, and no prompt."
        raise OptionError(message, advice="Write what you want to see in its place.")
    if {"", ".", ".."} & set(model.split("/")) or len(model) > MAX_MODEL_LENGTH:
        raise OptionError(f"--model: {model[:80]!r} is no name of a model.")  # it would lead to another address


def _find_route(requested_source: str) -> tuple[str, Route]:
    """Return the source that `auto` stands for (it stays `auto` without a key), and the route to it."""
    source = read_default_source() if requested_source == "auto" else requested_source
    key = find_key() if source in ("auto", "live") else None
    if source == "live" and key is None:
        raise MissingKeyError("--source live needs an API key, and none was found.", advice=KEY_INSTRUCTIONS)
    if key is not None:
        return "live", LiveRoute(read_base_url().url, key)
    return source, OfflineRoute()
