"""What the service itself says about charging, so that no sentence of ours contradicts it.

Its words are quoted, each sentence once. They decide neither what a call counts for nor whether it is sent again, with
one exception: who says that money was taken is believed. This module knows no status and no errors.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from enum import StrEnum

from cometmagic.system.sanitize import TEXT_CAP, clean_line


class ChargeClaim(StrEnum):
    """What a text says about charging."""

    NONE = ""
    FREE = "free"
    CHARGED = "charged"


_TAKEN = "(?:charged?|billed|deducted|debited|invoiced)"
_FREE_PATTERNS = (
    rf"(?<!could )(?<!can )\bnot\b[^.!?;]{{0,30}}\b{_TAKEN}\b",  # will not be charged
    rf"(?<!could)(?<!ca)n[’']t\b[^.!?;]{{0,30}}\b{_TAKEN}\b",  # noqa: RUF001  # wasn't billed
    rf"\b(?:never|without(?: being)?)\b[^.!?;]{{0,30}}\b{_TAKEN}\b",
    rf"\bno (?:credits?|tokens?|money|funds|points)\b[^.!?;]{{0,30}}\b(?:{_TAKEN}|consumed|used|taken|spent)\b",
    r"\bno (?:additional |extra )?(?:charges?|fees?|costs?|billing)\b(?! (?:card|account|method))",
    r"\bfree of charge\b|\bnon-billable\b|\bunbilled\b",
    r"\b(?:is|are|was|were|be|been|fully|automatically) refunded\b",
    "[不未][会會]?被?(?:产生|產生|收取)?(?:扣费|扣費|扣除|计费|計費|收费|收費|费用|費用)",
    "已退[款还還]",
)
_CHARGED_PATTERNS = (
    rf"\b(?:has|have|had|was|were)(?: already| still| just)?(?: been)?(?: fully)? {_TAKEN}\b",
    "已[经經]?(?:扣费|扣費|扣除|计费|計費|收费|收費)",
)
_NO_CLAIM_PATTERNS = (r"^\W*(?:if|when|unless|in case|whether)\b", "^如果", r"\b(?:previous|earlier|prior)\b")
_FREE = re.compile("|".join(_FREE_PATTERNS), re.IGNORECASE)
_CHARGED = re.compile("|".join(_CHARGED_PATTERNS), re.IGNORECASE)
_NO_CLAIM = re.compile("|".join(_NO_CLAIM_PATTERNS), re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")  # noqa: RUF001  # Chinese punctuation
_REPETITION = re.compile(r"(.{10,200}?)\1{2,}", re.DOTALL)
_MAX_SEARCH_LENGTH = 5000  # characters in which repetitions are looked for
_END_MARKS = " .!?。！？"  # noqa: RUF001


def find_charge_claim(text: str) -> ChargeClaim:
    """Return what the first sentence that speaks of charging says."""
    return next(filter(None, map(_classify, _split(text[:TEXT_CAP]))), ChargeClaim.NONE)


def _classify(sentence: str) -> ChargeClaim:
    if _FREE.search(sentence):
        return ChargeClaim.FREE
    is_charged = _CHARGED.search(sentence) and not _NO_CLAIM.search(sentence)
    return ChargeClaim.CHARGED if is_charged else ChargeClaim.NONE


def quote_texts(texts: Iterable[str], max_length: int) -> str:
    """Return texts of the service in one line, each sentence once, without what exceeds `max_length` in each text.

    A sentence about charging is never cut.
    """
    sentences: dict[str, str] = {}
    for sentence in itertools.chain.from_iterable(_shorten(text, max_length) for text in texts):
        sentences.setdefault(sentence.strip(_END_MARKS).casefold(), sentence)
    return " ".join(sentence if sentence[-1] in f"{_END_MARKS}…" else f"{sentence}." for sentence in sentences.values())


def _shorten(text: str, max_length: int) -> list[str]:
    """Return the sentences in the first `max_length` characters, and the one about charging wherever it stands."""
    sentences = _split(clean_line(_REPETITION.sub(r"\1", text[:_MAX_SEARCH_LENGTH]), max_length))
    if sentences and any(sentence.startswith(sentences[-1].rstrip("…")) for sentence in sentences[:-1]):
        sentences.pop()
    claim = next((sentence for sentence in _split(clean_line(text, TEXT_CAP)) if _classify(sentence)), "")
    if claim and claim not in sentences:
        sentences = [sentence for sentence in sentences if not claim.startswith(sentence.rstrip("…"))] + [claim]
    return sentences


def _split(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCE_END.split(text) if sentence.strip(_END_MARKS)]
