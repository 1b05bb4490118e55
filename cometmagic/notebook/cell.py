"""One cell's run: start what it asks for, show that it is under way, show what came of it.

The main thread only waits for events and displays; it can be interrupted at any moment, which stops
the waiting and not the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cometmagic import session
from cometmagic.batch import Batch, begin_many
from cometmagic.call import Call
from cometmagic.errors import CometError, Interrupted
from cometmagic.notebook import background, front_end, second_stop, sheets, show
from cometmagic.notebook.names import resolved
from cometmagic.notebook.waiting import Step, Waiting, publish
from cometmagic.parts import ImagePart
from cometmagic.planning import Plan, plans
from cometmagic.result import ImageResult
from cometmagic.results import ImageResults
from cometmagic.template import look_alikes, render

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Made = ImageResult | ImageResults | background.Pending | None


def run(shell: InteractiveShell, prompt: str, options: dict[str, Any], defaults: dict[str, Any]) -> Made:
    """Do what a cell asks for and show it; `defaults` are the session's. Raises a `CometError` or `Interrupted`."""
    try:
        names = shell.user_ns
        notes = [
            f"{found} was sent as it stands: only {{{{name}}}} is replaced." for found in look_alikes(prompt, names)
        ]
        given = resolved(options, names)
        pieces = render(prompt, names)
        planned = plans(pieces, last=session.last(), session=defaults, notes=notes, **given)
    except KeyboardInterrupt:
        raise Interrupted("Nothing was sent, so nothing was charged.") from None
    if planned[0].cell.dry_run or planned[0].cell.show_code:
        _look(planned)
        return None
    if len(planned) > 1:
        return _many(shell, planned)
    return _one(shell, planned[0])


def _look(planned: list[Plan]) -> None:
    """Show what would be sent, and send nothing."""
    from cometmagic.notebook import dry_run

    kind = planned[0].cell.show_code
    if kind:
        for plan in planned:
            publish(dry_run.code(plan.as_code(kind), plan.label))
    if planned[0].cell.dry_run:
        publish(dry_run.view(planned))


def _one(shell: InteractiveShell, plan: Plan) -> ImageResult | background.Pending:
    call = session.launch(plan)
    waiting, step = Waiting(notebook=hasattr(shell, "kernel")), Step(call)
    if call.cell.background:
        return background.begin(shell, call, waiting, lambda: _finished(shell, call, waiting))
    try:
        for event in call.events():
            step.take(event)
            if waiting.is_due:
                waiting.tell(show.waiting(call, waiting.seconds, *step.words()))
        return _finished(shell, call, waiting)
    except KeyboardInterrupt:
        raise _interrupted(call, waiting) from None


def _finished(shell: InteractiveShell, call: Call, waiting: Waiting) -> ImageResult:
    """Show what came of a call that has ended, and return it."""
    try:
        result = call.result()
    except CometError as error:
        waiting.become(show.ended(call, waiting.seconds, "No image", error))
        raise
    waiting.deliver(show.picture(result, terminal=front_end.draws_png()))
    session.remember(result)
    if call.cell.into:
        shell.user_ns[call.cell.into] = result
    saved = None
    try:
        saved = call.save(result)
    finally:
        publish(show.caption(result, saved))
    return result


def _interrupted(call: Call | Batch, waiting: Waiting) -> Interrupted:
    """Stop waiting, show that, and return what is raised; a second interrupt abandons what goes on."""
    future = call.stop()
    waiting.become(show.ended(call, waiting.seconds, "Interrupted"))

    def abandon() -> None:
        call.abandon()
        waiting.become(show.ended(call, waiting.seconds, "Abandoned"))

    if call.goes_on and waiting.notebook and second_stop.listen(abandon):
        future += " Interrupt again to abandon it."
    return Interrupted(future)


def _many(shell: InteractiveShell, planned: list[Plan]) -> ImageResults | background.Pending:
    """Make several pictures at once. Raises the first error when none came."""
    batch = begin_many(planned)
    waiting = Waiting(notebook=hasattr(shell, "kernel"))
    if planned[0].cell.background:
        return background.begin(shell, batch, waiting, lambda: _sheet(shell, batch, waiting))
    try:
        for _ in batch.events():
            if waiting.is_due:
                waiting.tell(sheets.progress(batch, waiting.seconds))
        return _sheet(shell, batch, waiting)
    except KeyboardInterrupt:
        raise _interrupted(batch, waiting) from None


def _sheet(shell: InteractiveShell, batch: Batch, waiting: Waiting) -> ImageResults:
    results = batch.results()
    if not results.made:
        waiting.become(show.ended(batch, waiting.seconds, "No image"))
        raise results.errors[0]
    if batch.cell.into:
        shell.user_ns[batch.cell.into] = results
    waiting.deliver(sheets.sheet(results, terminal=front_end.draws_png()))
    saved = []
    try:
        for call, result in zip(batch.calls, results, strict=True):
            if isinstance(result, ImageResult) and (path := call.save(result)):
                saved.append(path)  # known also when the next one fails
    finally:
        publish(sheets.sheet_caption(results, saved))
    return results


def show_part(image: ImagePart) -> None:
    """Show one image of a result."""
    publish(show.single(image))


def show_made(made: ImageResult | ImageResults, *, returned: bool = False) -> None:
    """Show a result, or several, as the cell that made them did; one that is `returned` is told as its Out[n] too."""
    if isinstance(made, ImageResults):
        picture, caption = sheets.sheet(made, terminal=front_end.draws_png()), sheets.sheet_caption(made)
    else:
        picture, caption = show.picture(made, terminal=front_end.draws_png()), show.caption(made)
    if front_end.shows_pictures() or not returned:
        publish(picture)
    publish(caption)
