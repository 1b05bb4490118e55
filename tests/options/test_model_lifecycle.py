"""What is said of a name before it is sent: whose date it is, in the right tense, and what replaces it."""

from __future__ import annotations

from datetime import date

import pytest

from cometmagic.options.declaration import Options
from cometmagic.options.model_checks import find_model_warnings
from cometmagic.options.model_lifecycle import LIFECYCLES, LifecycleEvent, Stage, describe_shutdown, is_refused
from cometmagic.options.models import DEFAULT_MODEL, MODEL_NAMES, find_model

OLD, OLDER, PRO = "gemini-2.5-flash-image", "gemini-2.5-flash-image-preview", "gemini-3-pro-image-preview"
FLASH = "gemini-3.1-flash-image"
COMETAPI_ADVICE = f"; CometAPI names {DEFAULT_MODEL} instead."


@pytest.mark.parametrize("name", LIFECYCLES)
def test_the_dates_of_a_name_agree_with_the_table(name: str) -> None:
    events = LIFECYCLES[name]

    assert name in MODEL_NAMES
    assert all(event.source and event.date.year == 2026 for event in events if event.source != "litellm")
    assert all(find_model(event.replacement) for event in events if event.replacement)
    assert all(event.replacement != name for event in events)
    assert len({(event.stage, event.source) for event in events}) == len(events)


@pytest.mark.parametrize(
    ("name", "today", "sentence"),
    [
        (OLD, "2026-12-01", f"According to Google, {OLD} was shut down on 2026-10-02{COMETAPI_ADVICE}"),
        (OLD, "2026-10-02", f"According to Google, {OLD} was shut down on 2026-10-02{COMETAPI_ADVICE}"),
        (OLD, "2026-10-01", f"According to Google, {OLD} will be shut down on 2026-10-02{COMETAPI_ADVICE}"),
        (OLD, "2026-07-04", f"According to Google, {OLD} will be shut down on 2026-10-02{COMETAPI_ADVICE}"),
        (OLD, "2026-07-03", ""),
        (
            f"models/{OLD}",
            "2026-12-01",
            f"According to Google, models/{OLD} was shut down on 2026-10-02{COMETAPI_ADVICE}",
        ),
        (OLDER, "2026-12-01", f"According to Google, {OLDER} was shut down on 2026-01-15{COMETAPI_ADVICE}"),
        (
            PRO,
            "2026-12-01",
            f"According to Google, {PRO} was shut down on 2026-06-25; it names gemini-3-pro-image instead.",
        ),
        (
            FLASH,
            "2026-12-01",
            f"According to litellm, {FLASH} was shut down on 2026-10-29; Google names gemini-nano-banana-2.1 instead.",
        ),
        (DEFAULT_MODEL, "2026-05-01", ""),
        (DEFAULT_MODEL, "2030-01-01", ""),
        ("gemini-3-pro-image", "2030-01-01", ""),
        ("gemini-3.1-flash-lite-image", "2030-01-01", ""),
        ("gemini-nano-banana-2.1", "2030-01-01", ""),
        ("nano-banana-pro-preview", "2030-01-01", ""),
        ("a-model-of-next-year", "2030-01-01", ""),
        (OLD.upper(), "2030-01-01", ""),  # a name that nobody serves, and that is told as unknown
        ("", "2030-01-01", ""),
    ],
)
def test_a_name_that_is_shut_down(name: str, today: str, sentence: str) -> None:
    assert describe_shutdown(name, date.fromisoformat(today)) == sentence
    if find_model(name):
        warnings = find_model_warnings(Options.build({"model": name}), today=date.fromisoformat(today))
        assert warnings == ([f"{sentence} Sent anyway."] if sentence else [])


def test_a_shutdown_without_a_replacement(monkeypatch: pytest.MonkeyPatch) -> None:
    event = LifecycleEvent(Stage.SHUT_DOWN, date(2026, 3, 1), "Google")
    monkeypatch.setitem(LIFECYCLES, "gemini-nano-banana-2.1", (event,))

    sentence = describe_shutdown("gemini-nano-banana-2.1", date(2026, 3, 1))

    assert sentence == "According to Google, gemini-nano-banana-2.1 was shut down on 2026-03-01."


def test_the_offline_service_refuses_what_cometapi_refuses() -> None:
    assert [name for name in MODEL_NAMES if is_refused(name)] == [OLD, OLDER]
    assert is_refused(f"models/{OLD}")
    assert not is_refused("unknown")


def test_another_name_of_the_same_model_is_known() -> None:
    assert find_model("nano-banana-pro-preview") is find_model("gemini-3-pro-image")
