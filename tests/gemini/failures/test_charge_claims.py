"""What the service says about charging: found in its words, quoted once, and never contradicted."""

from __future__ import annotations

import string
from typing import Any

import pytest

from cometmagic.errors import CLAIM_SENTENCES, ChargeStatus
from cometmagic.gemini.failures.charge_claims import ChargeClaim, find_charge_claim, quote_texts
from cometmagic.storage.call_folder import CallFolder
from tests.faults.asking import Asker
from tests.faults.server import Step, recv_request, response, send
from tests.gemini.answers import Json, answer, answering, body, text

FREE, CHARGED, NONE, PARTLY = ChargeClaim.FREE, ChargeClaim.CHARGED, ChargeClaim.NONE, ChargeClaim.PARTLY


@pytest.mark.parametrize(
    ("words", "claim"),
    [
        ("Unable to show the generated image. You will not be charged for this request.", FREE),
        ("You won't be billed.", FREE),
        ("You won’t be billed.", FREE),  # noqa: RUF001
        ("This request was not billed", FREE),
        ("No charge was made.", FREE),
        ("There is no additional cost for blocked prompts.", FREE),
        ("Your credits have been refunded.", FREE),
        ("No credits were deducted from your account.", FREE),
        ("Failed generations are free of charge.", FREE),
        ("The call failed without being charged.", FREE),
        ("We never bill you for it: it was not charged.", FREE),
        ("生成失败，本次请求不会扣费。", FREE),  # noqa: RUF001
        ("未产生费用", FREE),
        ("We won't bill you for this request.", FREE),
        ("It comes at no cost to you.", FREE),
        ("Your credits have been returned to you.", FREE),
        ("Ihnen wird nichts berechnet.", FREE),
        ("Die Anfrage wurde nicht in Rechnung gestellt.", FREE),
        ("No se le cobrará por esta solicitud.", FREE),
        ("Cette requête ne vous sera pas facturée.", FREE),
        ("Você não será cobrado por isto.", FREE),
        ("La richiesta non è stata addebitata.", FREE),
        ("Средства не будут списаны.", FREE),
        ("このリクエストは課金されません。", FREE),
        ("이 요청은 청구되지 않습니다.", FREE),
        ("You will not be charged for the image, but input tokens are billed.", PARTLY),
        ("You will not be charged for this image. You have been charged $0.002 for the prompt.", PARTLY),
        ("Image tokens are not billed for blocked outputs. Input tokens are billed as usual.", PARTLY),
        ("You were not charged. If you were charged twice, write to us.", FREE),
        ("Your account has been charged $0.04.", CHARGED),
        ("0.04 USD has already been deducted from your balance", CHARGED),
        ("You were billed for this attempt.", CHARGED),
        ("本次请求已扣费。", CHARGED),
        ("If you were charged, write to support.", NONE),
        ("Your previous requests were billed at $3.", NONE),
        ("Your card could not be charged.", NONE),
        ("Billing is not enabled for this project.", NONE),
        ("Your prepaid credits are depleted.", NONE),
        ("There are no credits left.", NONE),
        ("You will be charged for what it takes.", NONE),
        ("The free quota is used up.", NONE),
        ("The charge of the light brigade", NONE),
        ("", NONE),
    ],
)
def test_a_claim_is_found(words: str, claim: ChargeClaim) -> None:
    assert find_charge_claim(words) is claim
    assert find_charge_claim(f"Something went wrong. {words}") is claim


@pytest.mark.parametrize(
    ("texts", "quote"),
    [
        (["No picture", "No picture."], "No picture."),
        (["Blocked. It is free of charge.", "It is free of charge! Why?"], "Blocked. It is free of charge. Why?"),
        (["Which colour?"], "Which colour?"),
        (["", " ", "."], ""),
        ([f"{string.ascii_letters} end. No fee applies.", "x"], f"{string.ascii_letters[:39]}… No fee applies. x."),
        (
            ["These are more than forty signs, and no fee applies."],
            "These are more than forty signs, and no fee applies.",
        ),
        (["I cannot draw this. " * 500], "I cannot draw this."),
        (["No picture today\n" * 50], "No picture today."),
        (["Still drawing it. " * 50 + "Here: x"], "Still drawing it. Here: x."),
        (["No, no, no."], "No, no, no."),
    ],
)
def test_each_sentence_is_quoted_once_and_one_on_charging_is_never_cut(texts: list[str], quote: str) -> None:
    assert quote_texts(texts, 40) == quote


def refused(words: str, *parts: Json, **beside: Any) -> list[Step]:
    """Return an answer without a picture, with `words` as its reason."""
    document = answer(*parts, finish="IMAGE_OTHER", **beside)
    document["candidates"][0]["finishMessage"] = words
    return answering(document)


def failed(status: str, words: str) -> list[Step]:
    return [recv_request(), send(response(body({"error": {"message": words, "code": ""}}), status))]


NOT_CHARGED = "You will not be charged for this request."
TOOK_MONEY = "Your account has been charged $0.04."
COUNTS = {"promptTokenCount": 12, "candidatesTokenCount": 100}
# The answer, the sentence quoted, our own beside it, the status, and what the ledger counts (dollars; None: the worst).
WIRE: dict[str, tuple[list[Step], str, str, ChargeStatus]] = {
    "refusal": (refused(NOT_CHARGED), NOT_CHARGED, CLAIM_SENTENCES["free"], ChargeStatus.ANSWERED),
    "refusal-twice": (
        refused(NOT_CHARGED, text(NOT_CHARGED), usageMetadata=COUNTS),
        NOT_CHARGED,
        CLAIM_SENTENCES["free"],
        ChargeStatus.ANSWERED,
    ),
    "words-of-the-answer": (
        answering(answer(text(f"{'Sorry for that, ' * 60}but no. {NOT_CHARGED}"))),
        NOT_CHARGED,
        CLAIM_SENTENCES["free"],
        ChargeStatus.ANSWERED,
    ),
    "blocked": (
        answering({"promptFeedback": {"blockReason": "OTHER", "blockReasonMessage": "No charge was made"}}),
        "No charge was made",
        CLAIM_SENTENCES["free"],
        ChargeStatus.ANSWERED,
    ),
    "refusal-charged": (refused(TOOK_MONEY), TOOK_MONEY, CLAIM_SENTENCES["charged"], ChargeStatus.ANSWERED),
    "500-free": (
        failed("500 No", f"Broken. {NOT_CHARGED}"),
        NOT_CHARGED,
        CLAIM_SENTENCES["free"],
        ChargeStatus.UNKNOWN,
    ),
    "400-free": (failed("400 No", NOT_CHARGED), NOT_CHARGED, ChargeStatus.REFUSED, ChargeStatus.REFUSED),
    "400-charged": (failed("400 No", TOOK_MONEY), TOOK_MONEY, CLAIM_SENTENCES["charged"], ChargeStatus.UNKNOWN),
    "429-charged": (failed("429 No", TOOK_MONEY), TOOK_MONEY, CLAIM_SENTENCES["charged"], ChargeStatus.UNKNOWN),
    "a-sign-that-the-model-suggests": (
        answering(answer(text(f'The sign could read: "{NOT_CHARGED}"'))),
        NOT_CHARGED,
        ChargeStatus.ANSWERED,
        ChargeStatus.ANSWERED,
    ),
    "500-in-part": (
        failed("500 No", f"{NOT_CHARGED} Its input is billed."),
        "Its input is billed",
        CLAIM_SENTENCES["partly"],
        ChargeStatus.UNKNOWN,
    ),
    "400-in-part": (
        failed("400 No", f"{NOT_CHARGED} Its input is billed."),
        "Its input is billed",
        CLAIM_SENTENCES["partly"],
        ChargeStatus.UNKNOWN,
    ),
    "a-story-of-the-model": (
        answering(answer(text("The knight was charged by a bull."))),
        "The knight was charged by a bull.",
        ChargeStatus.ANSWERED,
        ChargeStatus.ANSWERED,
    ),
    "control": (refused("Unable to show it."), "Unable to show it.", ChargeStatus.ANSWERED, ChargeStatus.ANSWERED),
}


@pytest.mark.parametrize("name", WIRE)
def test_what_the_service_says_of_money_stands_once_and_is_not_contradicted(ask: Asker, name: str) -> None:
    steps, quote, sentence, status = WIRE[name]

    outcome = ask(*steps)

    error = outcome.told
    assert error.charge_status is status
    assert str(error).count(quote) == 1
    assert sentence in str(error)
    assert sum(str(error).count(our) for our in (*ChargeStatus, *CLAIM_SENTENCES.values()) if our) == 1
    assert len(outcome.log) == 1  # what took money is not sent again
    is_model = name in ("a-sign-that-the-model-suggests", "a-story-of-the-model")
    is_partly = sentence == CLAIM_SENTENCES["partly"]
    claim = PARTLY if is_partly else NONE if is_model else find_charge_claim(quote)
    assert CallFolder(outcome.folder.path).read()["error"].get("claim", "") == claim
