"""One cell's run: start what it asks for, show that it is under way, show what came of it.

The main thread only waits for events and displays; it can be interrupted at any moment, which stops
the waiting and not the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cometmagic.display import batch_output, bundles
from cometmagic.display import result_output as show
from cometmagic.errors import CometError, Interrupted
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import Call, PendingCall
from cometmagic.generation.launch import launch, launch_batch
from cometmagic.generation.plan import Plan, build_plans
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.generation.session import get_last_folder, set_last_result
from cometmagic.generation.wait import launch_on_thread
from cometmagic.notebook import background, front_end, interrupts
from cometmagic.notebook.namespace import resolve_options
from cometmagic.notebook.progress import CallProgress, ProgressOutput, publish
from cometmagic.options.template import find_lookalikes, render_template

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

CellValue = ImageResult | ImageResults | background.PendingResult | None


def run_cell(
    shell: InteractiveShell, prompt: str, options: dict[str, Any], session_options: dict[str, Any]
) -> CellValue:
    """Do what a cell asks for and show it; `defaults` are the session's. Raises a `CometError` or `Interrupted`."""
    try:
        planned = plan_cell(prompt, options, shell.user_ns, session_options)
    except KeyboardInterrupt:
        raise Interrupted("Nothing was sent, so nothing was charged.") from None
    if planned[0].cell_options.dry_run or planned[0].cell_options.show_code:
        _show_dry_run(planned)
        return None
    if len(planned) > 1:
        return _run_batch(shell, planned)
    return _run_call(shell, planned[0])


def plan_cell(
    prompt: str, options: dict[str, Any], namespace: Mapping[str, Any], session_options: dict[str, Any]
) -> list[Plan]:
    """Return the requests of a cell or a panel; `names` are the notebook's variables. Raises a `CometError`."""
    notes = [
        f"{found} was sent as it stands: only {{{{name}}}} is replaced." for found in find_lookalikes(prompt, namespace)
    ]
    given = resolve_options(options, namespace)
    return build_plans(
        render_template(prompt, namespace),
        last_folder=get_last_folder(),
        session_options=session_options,
        warnings=notes,
        **given,
    )


def _show_dry_run(plans: list[Plan]) -> None:
    """Show what would be sent, and send nothing."""
    from cometmagic.display import dry_run

    kind = plans[0].cell_options.show_code
    if kind:
        for plan in plans:
            publish(dry_run.build_code(plan.as_code(kind), plan.label))
    if plans[0].cell_options.dry_run:
        publish(dry_run.build_dry_run(plans))


def _run_call(shell: InteractiveShell, plan: Plan) -> ImageResult | background.PendingResult:
    call = launch(plan)
    if call.cell_options.background and front_end.is_interactive(shell):
        return background.start_background(
            shell,
            call,
            lambda seconds: show.build_call_progress(call, seconds, "in the background"),
            partial(_finish_call, call),
        )
    waiting, step = ProgressOutput(shell), CallProgress(call)
    try:
        for event in call.iter_events():
            step.handle_event(event)
            if waiting.is_due:
                waiting.show_progress(show.build_call_progress(call, waiting.seconds, *step.describe()))
        return _finish_call(call, waiting, _build_result_setter(shell, call.cell_options.into))
    except KeyboardInterrupt:
        raise _handle_interrupt(call, waiting) from None


def _build_result_setter(shell: InteractiveShell, variable: str | None) -> background.ResultSetter:
    """Return what puts a result into the cell's variable, if it has one."""

    def keep(result: background.AnyResult) -> None:
        if variable:
            shell.user_ns[variable] = result

    return keep


def _finish_call(call: Call, output: ProgressOutput, set_result: background.ResultSetter) -> ImageResult:
    """Show what came of a call that has ended, and return it."""
    try:
        result = call.result()
    except CometError as error:
        output.show_final(show.build_final_status(call, output.seconds, "No image", error))
        raise
    output.show_image(show.build_image(result, terminal=front_end.can_draw_png()))
    set_last_result(result)
    set_result(result)
    saved = None
    try:
        saved = call.save(result)
    finally:
        output.show_caption(show.build_caption(result, saved))
    return result


def _handle_interrupt(pending_call: PendingCall, output: ProgressOutput) -> Interrupted:
    """Stop waiting, show that, and return what is raised; a second interrupt abandons what goes on."""
    future = pending_call.stop()
    output.show_final(show.build_final_status(pending_call, output.seconds, "Interrupted"))

    def abandon() -> None:
        pending_call.abandon()
        output.show_final(show.build_final_status(pending_call, output.seconds, "Abandoned"))

    if pending_call.is_running and output.is_notebook and interrupts.listen(abandon):
        future += f" Interrupt again to abandon {'them' if isinstance(pending_call, Batch) else 'it'}."
    return Interrupted(future)


def _run_batch(shell: InteractiveShell, plans: list[Plan]) -> ImageResults | background.PendingResult:
    """Make several pictures at once. Raises the first error when none came."""
    batch = launch_on_thread(lambda left: launch_batch(plans, left))
    if batch.cell_options.background and front_end.is_interactive(shell):
        return background.start_background(
            shell,
            batch,
            lambda seconds: batch_output.build_batch_progress(batch, seconds),
            partial(_finish_batch, batch),
        )
    waiting = ProgressOutput(shell)
    try:
        for _ in batch.iter_events():
            if waiting.is_due:
                waiting.show_progress(batch_output.build_batch_progress(batch, waiting.seconds))
        return _finish_batch(batch, waiting, _build_result_setter(shell, batch.cell_options.into))
    except KeyboardInterrupt:
        raise _handle_interrupt(batch, waiting) from None


def _finish_batch(batch: Batch, output: ProgressOutput, set_result: background.ResultSetter) -> ImageResults:
    """Show what came of calls that have ended, and return it."""
    results = batch.collect_results()
    if results.failure is not None:
        output.show_final(show.build_final_status(batch, output.seconds, "No image"))
        raise results.failure
    set_result(results)
    output.show_image(batch_output.build_sheet(results, terminal=front_end.can_draw_png()))
    saved: list[Path] = []
    try:
        saved.extend(batch.save(results))
    finally:
        output.show_caption(batch_output.build_sheet_caption(results, saved))
    return results


def show_image_part(image: ImagePart) -> None:
    """Show one image of a result."""
    publish(show.build_part(image))


def show_result(value: ImageResult | ImageResults | background.PendingResult, *, is_returned: bool = False) -> None:
    """Show a result, or several, as the cell that made them did; one that is `returned` is told as its Out[n] too."""
    if isinstance(value, background.PendingResult):
        publish(bundles.build_plain_text(repr(value)))
        return
    if isinstance(value, ImageResults):
        picture, caption = (
            batch_output.build_sheet(value, terminal=front_end.can_draw_png()),
            batch_output.build_sheet_caption(value),
        )
    else:
        picture, caption = show.build_image(value, terminal=front_end.can_draw_png()), show.build_caption(value)
    if front_end.can_show_images() or not is_returned:
        publish(picture)
    publish(caption)
