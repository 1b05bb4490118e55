"""L1 to L7: what a call may cost is known before it is sent, and what it did cost is added up afterwards."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cometmagic.costs.charges import compute_outcome
from cometmagic.costs.ledger import Ledger
from cometmagic.costs.ledger_entries import Outcome, Spending
from cometmagic.errors import BudgetError, ChargeStatus, CometError, OptionError
from cometmagic.generation.generate import generate, generate_many, start_generation
from cometmagic.generation.plan import build_plans
from cometmagic.generation.preflight import collect_warnings
from cometmagic.generation.session import SESSION_ID
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from tests.courier.test_rate_limiter import ended
from tests.courier.test_retry import refusing
from tests.faults.leaks import leaks
from tests.faults.server import Held, Step, fin, recv_request
from tests.gemini.answers import answer, answering, image, picture, text
from tests.notebook.answers import painted
from tests.waiting import wait_for

PRICE = 0.067  # dollars for a 1K image of the default model
USAGE = {"promptTokenCount": 5, "candidatesTokenCount": 1120, "totalTokenCount": 1125}
GOOD = answering(answer(image(), usageMetadata=USAGE))
SIGNED = answering(answer(image(thoughtSignature="c2ln"), usageMetadata=USAGE))


def spent(library: Path) -> Spending:
    return Ledger(library).sum_spending()


@pytest.mark.parametrize("usd", [None, PRICE])
@pytest.mark.parametrize(("attempts", "outcome"), [([], Outcome.UNSENT), ([ChargeStatus.UNKNOWN], Outcome.NO_IMAGE)])
def test_a_call_whose_attempt_may_have_cost_counts_as_sent_whatever_is_known_of_prices(
    usd: float | None, attempts: list[ChargeStatus], outcome: Outcome
) -> None:
    call: Any = {
        "state": CallState.FAILED,
        "model": "m",
        "error": {"fate": ChargeStatus.UNSENT.name},
        "tries": [{"error": {"fate": status.name}} for status in attempts],
        "estimate": {"usd": usd, "basis": "b"},
    }

    assert compute_outcome(call) == (len(attempts) * (usd or 0.0), outcome)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_cost": 0.05}, "This may cost $0.067, which is above --max-cost $0.05"),
        ({"max_cost": "0.1", "image_size": "4K"}, "$0.151"),
        ({"max_cost": 0.1, "retry_unknown": 1}, "2 × $0.067"),
        ({"max_cost": 5, "model": "some-new-model"}, "not known"),
        ({"session_cap": 0.05}, "session"),
        ({"day_cap": 0}, "day"),
        ({"day_cap": 0.1, "retry_unknown": 2}, "With 3 tries"),
        ({"day_cap": 5, "model": "some-new-model"}, "not known"),
    ],
)
def test_what_may_cost_too_much_is_not_sent(
    serving: Any, library_folder: Path, given: dict[str, Any], words: str
) -> None:
    with serving(GOOD) as server, pytest.raises(BudgetError) as told:
        generate("a cat", **given)

    assert server.log == []
    assert words in str(told.value)
    assert told.value.charge_status is ChargeStatus.UNSENT
    assert list(Library(library_folder).iter_folders()) == []
    assert spent(library_folder).usd == 0


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"max_cost": 0.05}, "$0.050. {} Choose a smaller --image-size, or raise --max-cost."),
        ({"max_cost": 0.01, "image_size": "512"}, "$0.010. {} Raise --max-cost."),
        ({"max_cost": 0.01, "model": "gemini-3.1-flash-lite-image"}, "$0.010. {} Raise --max-cost."),
        ({"max_cost": 0.1, "model": "gemini-3-pro-image", "image_size": "2K"}, "$0.100. {} Raise --max-cost."),
        ({"max_cost": 0.2, "model": "gemini-3-pro-image", "image_size": "4K"}, "$0.200. {} Choose a smaller"),
        ({"max_cost": 0.2, "extra": {"generationConfig": {"imageConfig": {"imageSize": "4K"}}}}, ""),
        ({"max_cost": 0.0675, "images": 3}, "above --max-cost $0.0675. {} Send fewer reference images, or raise"),
        ({"max_cost": 0.05, "images": 3}, "$0.050. {} Choose a smaller --image-size, or raise --max-cost."),
        ({"max_cost": 0.1, "retry_unknown": 1}, "$0.100. {} Leave out --retry-unknown, or raise --max-cost."),
        ({"max_cost": 0.05, "retry_unknown": 1}, "$0.050. {} Choose a smaller --image-size, or raise --max-cost."),
    ],
)
def test_what_is_advised_makes_it_cheaper(
    serving: Any, library_folder: Path, options: dict[str, Any], advice: str
) -> None:
    images = [picture(color=color) for color in ("red", "blue", "green")[: options.get("images", 0)]]
    with serving(GOOD) as server:
        if not advice:  # the control
            generate("a cat", **options)
            return
        with pytest.raises(BudgetError) as caught:
            generate("a cat", **options | {"images": images})

    assert server.log == []
    assert advice.format(ChargeStatus.UNSENT) in str(caught.value)


LONG = "be kind " * 10_000  # 20,000 tokens
PICTURE = picture()
OTHER_PICTURES = [picture(color=color) for color in ("blue", "green", "pink")]


@pytest.mark.parametrize(
    ("max_cost", "options"),
    [
        (0.0675, {"images": [PICTURE, *OTHER_PICTURES]}),  # four at 258 tokens cost 0.0675, at 1,120 they cost 0.0692
        (0.0692, {"images": OTHER_PICTURES, "edit": True}),
        (0.0342, {"model": "gemini-3.1-flash-lite-image", "images": [PICTURE, *OTHER_PICTURES]}),
        (0.07, {"system": LONG}),
        (0.07, {"chat": True}),
        (0.06, {"price_ratio": 1.2}),
        (0.1, {"extra": {"generationConfig": {"candidateCount": "2"}}}),
    ],
    ids=["references", "edit", "lite", "system", "chat", "ratio", "candidates"],
)
def test_a_limit_between_the_words_alone_and_all_that_goes_in_refuses(
    serving: Any, library_folder: Path, max_cost: float, options: dict[str, Any]
) -> None:
    earlier = [name for name in ("edit", "chat") if name in options]
    with serving(SIGNED, GOOD) as server:
        if earlier:
            options = options | dict.fromkeys(earlier, generate(LONG))
        with pytest.raises(BudgetError, match=f"above --max-cost \\${max_cost:g}"):
            generate("a cat", max_cost=max_cost, **options)
        assert len(server.log) == len(earlier)
        generate("a cat", max_cost=max_cost * 1.25 + 0.02, **options)  # the control
    assert len(server.log) == len(earlier) + 1


LARGE = answering(answer(image(painted("JPEG", 4096, 4096))))  # it costs 0.151, and 0.067 was reserved
THREE = answering(answer(*[image(painted("JPEG", 1024, 1024, color)) for color in ("red", "green", "blue")]))  # 0.201


@pytest.mark.parametrize(
    ("reply", "limits", "sent_count"),
    [
        (GOOD, {"day_cap": 0.36}, 5),  # the controls
        (GOOD, {"session_cap": 0.36}, 5),
        (LARGE, {}, 5),
        (LARGE, {"day_cap": 1}, 5),
        (LARGE, {"day_cap": 0.36}, 2),
        (LARGE, {"session_cap": 0.36}, 2),
        (LARGE, {"session_cap": 5, "day_cap": 0.36, "retry_unknown": 0}, 2),
        (THREE, {"day_cap": 0.36}, 2),
        (THREE, {"day_cap": 0.61, "retry_unknown": 1, "n": 3}, 3),  # the second tries were reserved too
        (THREE, {"day_cap": 0.41, "retry_unknown": 1, "n": 3}, 2),
    ],
)
def test_a_batch_that_costs_more_than_estimated_is_not_sent_to_its_end(
    serving: Any, library_folder: Path, reply: list[Step], limits: dict[str, Any], sent_count: int
) -> None:
    count, cap = limits.get("n", 5), min(limits.get("day_cap", 9), limits.get("session_cap", 9))
    options = {name: value for name, value in limits.items() if name != "n"}
    with serving(*[reply] * count) as server:
        results = generate_many(["a cat"] * count, at_once=1, **options)

    assert len(server.log) == sent_count == len(results.results)
    for error in results.errors:
        assert isinstance(error, BudgetError)
        assert "Not sent: the calls before it cost more than estimated" in str(error)
        assert error.charge_status is ChargeStatus.UNSENT
    last_usd = results.results[-1].cost
    assert spent(library_folder).call_count == sent_count
    assert spent(library_folder).usd <= cap - PRICE + last_usd  # only the last one could not be foreseen


def test_the_ratio_when_a_call_was_made_is_what_counts_later(
    serving: Any, library_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMETMAGIC_PRICE_RATIO", "0.5")
    with serving(GOOD, GOOD):
        half = generate("a cat", day_cap=0.05)
        monkeypatch.setenv("COMETMAGIC_PRICE_RATIO", "2")
        double = generate("a dog")

    assert half.cost == pytest.approx(PRICE / 2, abs=0.001)
    assert double.cost == pytest.approx(PRICE * 2, abs=0.001)
    assert "Google list price × 0.5" in str(half.price)
    assert half.call["limits"] == {"price_ratio": 0.5, "day_cap": 0.05}
    assert spent(library_folder).usd == pytest.approx(2.5 * PRICE, abs=0.002)


def test_a_limit_that_is_not_reached_lets_the_call_through(serving: Any, library_folder: Path) -> None:
    with serving(GOOD) as server:
        generate("a cat", max_cost=PRICE + 0.001, session_cap=1, day_cap=1)

    assert len(server.log) == 1
    assert spent(library_folder).usd == pytest.approx(PRICE, abs=0.001)


def test_a_cap_holds_over_calls_and_other_sessions(
    serving: Any, library_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMETMAGIC_DAY_CAP", "0.2")
    with serving(GOOD, GOOD, GOOD) as server:
        generate("a cat")
        monkeypatch.setattr("cometmagic.generation.session.SESSION_ID", "another")
        generate("a cat")
        with pytest.raises(BudgetError, match=r"on top of \$0\.13\d* spent today"):
            generate("a cat")
        with pytest.raises(BudgetError):
            start_generation("a cat")
        assert generate("a cat", source="offline", image_size="512").source == "offline"  # free
    assert len(server.log) == 2


def test_a_session_has_its_own_sum(serving: Any, library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(GOOD, GOOD) as server:
        generate("a cat", session_cap=0.1)
        with pytest.raises(BudgetError, match="session"):
            generate("a cat", session_cap=0.1)
        monkeypatch.setattr("cometmagic.generation.session.SESSION_ID", "another")
        generate("a cat", session_cap=0.1)
    assert len(server.log) == 2
    assert Ledger(library_folder).sum_spending(session=SESSION_ID).call_count == 1


ENDS: dict[str, tuple[list[Step], float | None, str]] = {
    "made": (GOOD, PRICE, "made"),
    "made-without-counts": (answering(answer(image())), PRICE, "made"),
    "refused": (refusing("400 Bad"), 0.0, "nothing"),
    "unknown": ([recv_request(), fin()], PRICE, "unknown"),
    "words-only": (answering(answer(text("no"), usageMetadata={"candidatesTokenCount": 100})), 0.006, "nothing"),
    "words-without-counts": (answering(answer(text("no"))), PRICE, "unknown"),
}


@pytest.mark.parametrize("name", ENDS)
def test_l4_each_end_has_its_line(serving: Any, library_folder: Path, name: str) -> None:
    steps, usd, outcome = ENDS[name]
    with serving(steps):
        try:
            generate("a secret cat")
        except CometError:
            assert outcome != "made"

    [entry] = Ledger(library_folder).read_entries()
    assert entry.outcome == outcome
    assert entry.usd == pytest.approx(usd, abs=0.001)
    assert entry.session == SESSION_ID
    assert entry.reservation_time.date() == datetime.now().astimezone().date()
    content = Ledger(library_folder).path.read_bytes()
    assert b"secret" not in content
    assert not leaks([content])


@pytest.mark.parametrize("after", [GOOD[1:], [fin()]], ids=["answered", "unknown"])
def test_h17_a_ledger_that_is_deleted_meanwhile_loses_no_call_of_the_session(
    serving: Any, library_folder: Path, after: list[Step]
) -> None:
    ledger, held = Ledger(library_folder), Held()
    with serving(GOOD, held.steps(*after), GOOD) as server:
        generate("a cat")
        call = start_generation("a dog")
        wait_for(lambda: held.inside)
        ledger.path.unlink()
        held.let_go.set()
        ended(call)

        [entry] = ledger.read_entries()
        assert (entry.session, entry.model) == (SESSION_ID, call.model)
        assert entry.usd == pytest.approx(PRICE, abs=0.001)

        ledger.path.unlink()
        with pytest.raises(BudgetError, match="spent in this session"):
            generate("a bird", session_cap=2.5 * PRICE)
    assert len(server.log) == 2


def test_control_calls_of_another_process_are_lost_with_the_ledger(
    serving: Any, library_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(GOOD, GOOD):
        generate("a cat")
        Ledger(library_folder).path.unlink()
        monkeypatch.setattr("cometmagic.costs.ledger._RESERVATIONS", {})
        generate("a dog", session_cap=1.5 * PRICE)

    assert Ledger(library_folder).sum_spending().call_count == 1


def test_a_try_that_may_have_been_charged_counts(
    serving: Any, library_folder: Path, carried_here: None, soon: None
) -> None:
    with serving(refusing("504 Gateway"), GOOD):
        generate("a cat", retry_unknown=1)

    [entry] = Ledger(library_folder).read_entries()
    assert entry.usd == pytest.approx(2 * PRICE, abs=0.001)


def test_each_of_a_batch_tells_the_worst_case_of_all(serving: Any) -> None:
    with serving(GOOD, GOOD):
        results = generate_many(["a cat", "a dog"], retry_unknown=1)

    words = ["--retry-unknown 1: in the worst case the 2 pictures together cost $0.268."]
    assert [result.warnings for result in results.results] == [words, words]


@pytest.mark.parametrize(
    ("models", "limits", "words"),
    [
        ([], {"day_cap": 1}, []),
        (["gemini-3-pro-image"], {"day_cap": 1, "session_cap": 1}, []),
        (["some-new-model"], {}, []),
        (["some-new-model"], {"max_cost": 1}, []),
        (["some-new-model"], {"day_cap": 1}, ["for 1 earlier call, so the limit for a day does not count it."]),
        (
            ["some-new-model"] * 2,
            {"session_cap": 1, "day_cap": 1},
            [f"for 2 earlier calls, so the limit for a {scope} does not count them." for scope in ("session", "day")],
        ),
    ],
)
def test_a_cap_says_which_calls_it_does_not_count(
    serving: Any, models: list[str], limits: dict[str, Any], words: list[str]
) -> None:
    with serving(*[GOOD] * (len(models) + 1)):
        for model in models:
            generate("a cat", model=model)
        preview = collect_warnings(build_plans("a cat", **limits))  # a dry run says the same
        warnings = generate("a cat", **limits).warnings

    assert preview == warnings
    assert warnings == [f"No price is known {text}" for text in words]


def test_what_was_never_sent_costs_nothing(serving: Any, library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cometmagic.storage.library.Library.create_folder", lambda *_, **__: 1 / 0)
    with serving(), pytest.raises(ZeroDivisionError):
        generate("a cat")

    assert spent(library_folder).usd == 0


@pytest.mark.parametrize("text", ["much", "-1", "nan"])
def test_a_limit_that_cannot_be_read_stops_everything(serving: Any, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("COMETMAGIC_DAY_CAP", text)
    with serving(GOOD) as server, pytest.raises(OptionError, match="COMETMAGIC_DAY_CAP"):
        generate("a cat")

    assert server.log == []


def test_a_short_limit_of_time_is_warned_of(serving: Any) -> None:
    with serving(GOOD, GOOD):
        short, usual = generate("a cat", total_timeout=60), generate("a cat")

    assert "pay for a picture you will not get" in " ".join(short.warnings)
    assert "pay for" not in " ".join(usual.warnings)


def test_an_argument_goes_before_the_environment(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETMAGIC_MAX_COST", "0.01")
    with serving(GOOD) as server:
        generate("a cat", max_cost=1)

    assert len(server.log) == 1


def test_the_log_tells_what_happened_without_words_and_keys(serving: Any, library_folder: Path) -> None:
    with serving(GOOD, refusing("400 Bad")):
        generate("a secret cat")
        with pytest.raises(CometError):
            generate("a secret dog")

    content = (library_folder / "courier.log").read_text()
    events = [json.loads(line) for line in content.splitlines()]
    assert [event["event"] for event in events] == ["begun", "ended"] * 2
    assert [event["state"] for event in events if event["event"] == "ended"] == ["settled", "failed"]
    assert "secret" not in content
    assert str(library_folder) not in content
    assert not leaks([content.encode()])
