"""What became of each name of a model, when, and who says so.

The names of one family have dates of their own, and sources contradict each other, so each statement is kept with its
source. They are only used for warnings and lists: any name is sent. A name without entries has no known dates.

Sources, as of `models.CHECK_DATE`: the changelog and deprecation pages of Google's Gemini API and of Vertex AI,
CometAPI's documentation and announcements (#114, #145), litellm 1.110.2 and its discussion #44983.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

GOOGLE, VERTEX, COMETAPI, LITELLM = "Google", "Vertex AI", "CometAPI", "litellm"
NOTICE_PERIOD = timedelta(days=90)  # how long before a shutdown a warning begins


class Stage(StrEnum):
    """What happened to a name on a date."""

    RELEASED = "released"
    LISTED = "listed"
    RECOMMENDED = "recommended"
    DEPRECATED = "deprecated"
    SHUT_DOWN = "shut down"


@dataclass(frozen=True)
class LifecycleEvent:
    """Something that happened to a name, or will, according to `source`; `replacement` is another name."""

    stage: Stage
    date: date
    source: str
    replacement: str = ""


# Of statements that differ, the one that counts comes first.
LIFECYCLES: dict[str, tuple[LifecycleEvent, ...]] = {
    "gemini-3.1-flash-image-preview": (
        LifecycleEvent(Stage.DEPRECATED, date(2026, 5, 28), GOOGLE, "gemini-3.1-flash-image"),
        LifecycleEvent(Stage.SHUT_DOWN, date(2026, 6, 25), GOOGLE, "gemini-3.1-flash-image"),
        LifecycleEvent(Stage.SHUT_DOWN, date(2026, 7, 17), VERTEX, "gemini-3.1-flash-image"),
        LifecycleEvent(Stage.RECOMMENDED, date(2026, 9, 30), COMETAPI),  # in #145, and the default of its documentation
    ),
    "gemini-3.1-flash-image": (
        LifecycleEvent(Stage.RELEASED, date(2026, 5, 28), GOOGLE),
        LifecycleEvent(Stage.DEPRECATED, date(2026, 10, 6), GOOGLE, "gemini-nano-banana-2.1"),
        LifecycleEvent(Stage.SHUT_DOWN, date(2026, 10, 29), LITELLM, "gemini-nano-banana-2.1"),
    ),
    "gemini-3.1-flash-lite-image": (
        LifecycleEvent(Stage.RELEASED, date(2026, 6, 30), GOOGLE),
        LifecycleEvent(Stage.LISTED, date(2026, 7, 1), COMETAPI),
    ),
    "gemini-3-pro-image-preview": (
        LifecycleEvent(Stage.DEPRECATED, date(2026, 5, 28), GOOGLE, "gemini-3-pro-image"),
        LifecycleEvent(Stage.SHUT_DOWN, date(2026, 6, 25), GOOGLE, "gemini-3-pro-image"),
        LifecycleEvent(Stage.SHUT_DOWN, date(2026, 7, 17), VERTEX, "gemini-3-pro-image"),
    ),
    "gemini-3-pro-image": (LifecycleEvent(Stage.RELEASED, date(2026, 5, 28), GOOGLE),),
    "gemini-nano-banana-2.1": (LifecycleEvent(Stage.RELEASED, date(2026, 10, 6), GOOGLE),),
    "gemini-2.5-flash-image": (
        LifecycleEvent(Stage.SHUT_DOWN, date(2026, 10, 2), GOOGLE),
        LifecycleEvent(Stage.SHUT_DOWN, date(2026, 10, 2), COMETAPI, "gemini-3.1-flash-image-preview"),
        LifecycleEvent(Stage.SHUT_DOWN, date(2027, 3, 15), LITELLM),
    ),
    "gemini-2.5-flash-image-preview": (
        LifecycleEvent(Stage.SHUT_DOWN, date(2026, 1, 15), GOOGLE),
        LifecycleEvent(Stage.SHUT_DOWN, date(2026, 10, 2), COMETAPI, "gemini-3.1-flash-image-preview"),
    ),
}


def find_lifecycle(name: str) -> tuple[LifecycleEvent, ...]:
    """Return what is known of a name; nothing for an unknown one."""
    return LIFECYCLES.get(name.removeprefix("models/"), ())


def find_shutdown(name: str) -> LifecycleEvent | None:
    """Return the shutdown of a name that counts, past or future.

    There is none for a name that CometAPI recommends since: it evidently serves that name itself.
    """
    events = find_lifecycle(name)
    shutdown = next((event for event in events if event.stage is Stage.SHUT_DOWN), None)
    if shutdown is None or any(event.stage is Stage.RECOMMENDED and event.date > shutdown.date for event in events):
        return None
    return shutdown


def is_refused(name: str) -> bool:
    """Whether CometAPI says that it does not serve a name any more."""
    return any(event.stage is Stage.SHUT_DOWN and event.source == COMETAPI for event in find_lifecycle(name))


def describe_shutdown(name: str, today: date) -> str:
    """Return a sentence about the shutdown of a name, nothing if there is none or it is far in the future."""
    shutdown = find_shutdown(name)
    if shutdown is None or shutdown.date > today + NOTICE_PERIOD:
        return ""
    verb = "was" if shutdown.date <= today else "will be"
    replacement = _describe_replacement(name, shutdown)
    return f"According to {shutdown.source}, {name} {verb} shut down on {shutdown.date}{replacement}."


def _describe_replacement(name: str, shutdown: LifecycleEvent) -> str:
    """Return who names which other name instead; CometAPI's word comes first."""
    events = sorted(find_lifecycle(name), key=lambda event: event.source != COMETAPI)
    event = next((event for event in events if event.replacement), None)
    if event is None:
        return ""
    source = "it" if event.source == shutdown.source else event.source
    return f"; {source} names {event.replacement} instead"
