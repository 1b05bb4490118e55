"""One cell's run: start what it asks for, show that it is under way, show what came of it.

The main thread only waits for events and displays; it can be interrupted at any moment, which stops
the waiting and not the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cometmagic.display import bundles, grid
from cometmagic.display import result as show
from cometmagic.errors import CometError, Interrupted
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation import generate
from cometmagic.generation.batch import Batch, launch_batch, launch_on_thread
from cometmagic.generation.call import Call, PendingCall
from cometmagic.generation.plan import Plan, build_plans
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.notebook import background, front_end, interrupts
from cometmagic.notebook.namespace import resolved
from cometmagic.notebook.progress import Step, Waiting, publish
from cometmagic.options.template import find_lookalikes, render_template

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Made = ImageResult | ImageResults | background.Pending | None


def run(shell: InteractiveShell, prompt: str, options: dict[str, Any], defaults: dict[str, Any]) -> Made:
    """Do what a cell asks for and show it; `defaults` are the session's. Raises a `CometError` or `Interrupted`."""
    try:
        planned = planned_for(prompt, options, shell.user_ns, defaults)
    except KeyboardInterrupt:
        raise Interrupted("Nothing was sent, so nothing was charged.") from None
    if planned[0].cell_options.dry_run or planned[0].cell_options.show_code:
        _look(planned)
        return None
    if len(planned) > 1:
        return _many(shell, planned)
    return _one(shell, planned[0])


def planned_for(prompt: str, options: dict[str, Any], names: Mapping[str, Any], defaults: dict[str, Any]) -> list[Plan]:
    """Return the requests of a cell or a panel; `names` are the notebook's variables. Raises a `CometError`."""
    notes = [
        f"{found} was sent as it stands: only {{{{name}}}} is replaced." for found in find_lookalikes(prompt, names)
    ]
    given = resolved(options, names)
    return build_plans(
        render_template(prompt, names),
        last_folder=generate.get_last_folder(),
        session_options=defaults,
        warnings=notes,
        **given,
    )


def _look(planned: list[Plan]) -> None:
    """Show what would be sent, and send nothing."""
    from cometmagic.display import dry_run

    kind = planned[0].cell_options.show_code
    if kind:
        for plan in planned:
            publish(dry_run.code(plan.as_code(kind), plan.label))
    if planned[0].cell_options.dry_run:
        publish(dry_run.view(planned))


def _one(shell: InteractiveShell, plan: Plan) -> ImageResult | background.Pending:
    call = generate.launch(plan)
    if call.cell_options.background and front_end.is_watched(shell):
        return background.begin(
            shell, call, lambda seconds: show.waiting(call, seconds, "in the background"), partial(_finished, call)
        )
    waiting, step = Waiting(shell), Step(call)
    try:
        for event in call.iter_events():
            step.take(event)
            if waiting.is_due:
                waiting.tell(show.waiting(call, waiting.seconds, *step.words()))
        return _finished(call, waiting, _keeper(shell, call.cell_options.into))
    except KeyboardInterrupt:
        raise _interrupted(call, waiting) from None


def _keeper(shell: InteractiveShell, name: str | None) -> background.Keep:
    """Return what puts a result into the cell's variable, if it has one."""

    def keep(result: background.Result) -> None:
        if name:
            shell.user_ns[name] = result

    return keep


def _finished(call: Call, waiting: Waiting, keep: background.Keep) -> ImageResult:
    """Show what came of a call that has ended, and return it."""
    try:
        result = call.result()
    except CometError as error:
        waiting.become(show.ended(call, waiting.seconds, "No image", error))
        raise
    waiting.deliver(show.picture(result, terminal=front_end.draws_png()))
    generate.set_last_result(result)
    keep(result)
    saved = None
    try:
        saved = call.save(result)
    finally:
        waiting.add(show.caption(result, saved))
    return result


def _interrupted(under_way: PendingCall, waiting: Waiting) -> Interrupted:
    """Stop waiting, show that, and return what is raised; a second interrupt abandons what goes on."""
    future = under_way.stop()
    waiting.become(show.ended(under_way, waiting.seconds, "Interrupted"))

    def abandon() -> None:
        under_way.abandon()
        waiting.become(show.ended(under_way, waiting.seconds, "Abandoned"))

    if under_way.is_running and waiting.notebook and interrupts.listen(abandon):
        future += f" Interrupt again to abandon {'them' if isinstance(under_way, Batch) else 'it'}."
    return Interrupted(future)


def _many(shell: InteractiveShell, planned: list[Plan]) -> ImageResults | background.Pending:
    """Make several pictures at once. Raises the first error when none came."""
    batch = launch_on_thread(lambda left: launch_batch(planned, left))
    if batch.cell_options.background and front_end.is_watched(shell):
        return background.begin(shell, batch, lambda seconds: grid.progress(batch, seconds), partial(_sheet, batch))
    waiting = Waiting(shell)
    try:
        for _ in batch.iter_events():
            if waiting.is_due:
                waiting.tell(grid.progress(batch, waiting.seconds))
        return _sheet(batch, waiting, _keeper(shell, batch.cell_options.into))
    except KeyboardInterrupt:
        raise _interrupted(batch, waiting) from None


def _sheet(batch: Batch, waiting: Waiting, keep: background.Keep) -> ImageResults:
    """Show what came of calls that have ended, and return it."""
    results = batch.collect_results()
    if results.failure is not None:
        waiting.become(show.ended(batch, waiting.seconds, "No image"))
        raise results.failure
    keep(results)
    waiting.deliver(grid.sheet(results, terminal=front_end.draws_png()))
    saved: list[Path] = []
    try:
        saved.extend(batch.save(results))
    finally:
        waiting.add(grid.sheet_caption(results, saved))
    return results


def show_part(image: ImagePart) -> None:
    """Show one image of a result."""
    publish(show.single(image))


def show_made(made: ImageResult | ImageResults | background.Pending, *, returned: bool = False) -> None:
    """Show a result, or several, as the cell that made them did; one that is `returned` is told as its Out[n] too."""
    if isinstance(made, background.Pending):
        publish(bundles.plain(repr(made)))
        return
    if isinstance(made, ImageResults):
        picture, caption = grid.sheet(made, terminal=front_end.draws_png()), grid.sheet_caption(made)
    else:
        picture, caption = show.picture(made, terminal=front_end.draws_png()), show.caption(made)
    if front_end.shows_pictures() or not returned:
        publish(picture)
    publish(caption)
