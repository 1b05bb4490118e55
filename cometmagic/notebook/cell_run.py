"""The run of one cell: start its call or batch, show the progress, show the result.

The main thread only waits for events and displays outputs. An interrupt can come at any moment; it ends the wait, not
the call. This module knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cometmagic.display import batch_output, result_output
from cometmagic.display.caption import build_caption
from cometmagic.errors import CometError, Interrupted
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import Call, PendingCall
from cometmagic.generation.launch import launch, launch_batch
from cometmagic.generation.plan import Plan, build_plans
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import AnyResult, ImageResults
from cometmagic.generation.session import get_last_folder, set_last_result
from cometmagic.generation.text_checks import build_text_checker
from cometmagic.generation.wait import launch_on_thread
from cometmagic.notebook import background, front_end, interrupts
from cometmagic.notebook.namespace import resolve_options
from cometmagic.notebook.progress import CallProgress, ProgressOutput, publish
from cometmagic.notebook.variable_scope import Variables, check_settable
from cometmagic.options.template import find_lookalikes, render_template

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

CellValue = AnyResult | background.PendingResult | None


def run_cell(
    shell: InteractiveShell,
    prompt: str,
    options: dict[str, Any],
    session_options: dict[str, Any],
    variables: Variables,
) -> CellValue:
    """Run a cell, show its outputs and return its value. Raises a `CometError` or `Interrupted`."""
    try:
        plans = plan_cell(prompt, options, variables, session_options)
        check_settable(plans[0].cell_options.into, variables)
    except KeyboardInterrupt:
        raise Interrupted("Nothing was sent, so nothing was charged.") from None
    if plans[0].cell_options.dry_run or plans[0].cell_options.show_code:
        _show_dry_run(plans)
        return None
    if len(plans) > 1:
        return _run_batch(shell, plans)
    return _run_call(shell, plans[0])


def plan_cell(
    prompt: str, options: dict[str, Any], namespace: Mapping[str, Any], session_options: dict[str, Any]
) -> list[Plan]:
    """Return the plans of a cell or a panel; `namespace` has the notebook's variables. Raises a `CometError`."""
    build_text_checker(session_options | options).check_options(options)  # before an error quotes one of them
    warnings = [
        f"{lookalike} was sent as it stands: only {{{{name}}}} is replaced."
        for lookalike in find_lookalikes(prompt, namespace)
    ]
    resolved_options = resolve_options(options, namespace)
    return build_plans(
        render_template(prompt, namespace),
        last_folder=get_last_folder(),
        session_options=session_options,
        warnings=warnings,
        **resolved_options,
    )


def _show_dry_run(plans: list[Plan]) -> None:
    """Show the requests or the programs that would send them; send nothing."""
    from cometmagic.display import dry_run

    language = plans[0].cell_options.show_code
    if language:
        for plan in plans:
            publish(dry_run.build_code(plan.as_code(language), plan.label))
    if plans[0].cell_options.dry_run:
        publish(dry_run.build_dry_run(plans))


def _run_call(shell: InteractiveShell, plan: Plan) -> ImageResult | background.PendingResult:
    call = launch(plan)
    if call.cell_options.background and front_end.is_interactive(shell):
        return background.start_background(
            shell,
            call,
            lambda seconds: result_output.build_call_progress(call, seconds, "in the background"),
            partial(_finish_call, call),
        )
    output, progress = ProgressOutput(shell, html=call.cell_options.html), CallProgress(call)
    try:
        for event in call.iter_events():
            progress.handle_event(event)
            if output.is_due:
                output.show_progress(
                    result_output.build_call_progress(call, output.seconds, *progress.describe(output.seconds))
                )
        return _finish_call(call, output, _build_result_setter(shell, call.cell_options.into))
    except KeyboardInterrupt:
        raise _handle_interrupt(call, output) from None


def _build_result_setter(shell: InteractiveShell, variable: str | None) -> background.ResultSetter:
    """Return the function that stores a result in the cell's variable, if there is one."""

    def set_result(result: AnyResult) -> None:
        if variable:
            shell.user_ns[variable] = result

    return set_result


def _finish_call(call: Call, output: ProgressOutput, set_result: background.ResultSetter) -> ImageResult:
    """Show the result of a call that has ended, and return it."""
    try:
        result = call.result()
    except CometError as error:
        output.show_final(result_output.build_final_status(call, output.seconds, "No image", error))
        raise
    output.show_image(result_output.build_image(result, terminal=front_end.can_draw_png()))
    set_last_result(result)
    set_result(result)
    saved_path = None
    try:
        saved_path = call.save(result)
    finally:
        output.show_caption(build_caption(result, saved_path))
    return result


def _handle_interrupt(pending_call: PendingCall, output: ProgressOutput) -> Interrupted:
    """Stop the wait, show that, and return the error to raise; a second interrupt abandons the call."""
    outcome = pending_call.stop()
    output.show_final(result_output.build_final_status(pending_call, output.seconds, "Interrupted"))

    def abandon() -> None:
        pending_call.abandon()
        output.show_final(result_output.build_final_status(pending_call, output.seconds, "Abandoned"))

    if pending_call.is_running and output.is_notebook and interrupts.listen(abandon):
        outcome += f" Interrupt again to abandon {'them' if isinstance(pending_call, Batch) else 'it'}."
    return Interrupted(outcome)


def _run_batch(shell: InteractiveShell, plans: list[Plan]) -> ImageResults | background.PendingResult:
    """Generate several images at once. Raises the first error if there is no image."""
    batch = launch_on_thread(lambda is_cancelled: launch_batch(plans, is_cancelled))
    if batch.cell_options.background and front_end.is_interactive(shell):
        return background.start_background(
            shell,
            batch,
            lambda seconds: batch_output.build_batch_progress(batch, seconds),
            partial(_finish_batch, batch),
        )
    output = ProgressOutput(shell, html=batch.cell_options.html)
    try:
        for _ in batch.iter_events():
            if output.is_due:
                output.show_progress(batch_output.build_batch_progress(batch, output.seconds))
        return _finish_batch(batch, output, _build_result_setter(shell, batch.cell_options.into))
    except KeyboardInterrupt:
        raise _handle_interrupt(batch, output) from None


def _finish_batch(batch: Batch, output: ProgressOutput, set_result: background.ResultSetter) -> ImageResults:
    """Show the results of a batch that has ended, and return them."""
    results = batch.collect_results()
    if results.failure is not None:
        output.show_final(result_output.build_final_status(batch, output.seconds, "No image"))
        raise results.failure
    set_result(results)
    output.show_image(batch_output.build_sheet(results, terminal=front_end.can_draw_png()))
    saved_paths: list[Path] = []
    try:
        saved_paths.extend(batch.save(results))
    finally:
        output.show_caption(batch_output.build_sheet_caption(results, saved_paths))
    return results


def show_result(result: ImageResult) -> None:
    """Show a result as its cell did; a terminal that draws no images shows it as Out[n] instead."""
    if front_end.can_show_images():
        publish(result_output.build_image(result, terminal=front_end.can_draw_png()))
    publish(build_caption(result))
