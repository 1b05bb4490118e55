"""What the service itself says about charging, so that no sentence of ours contradicts it.

Its words are quoted, each sentence once. They decide neither what a call counts for nor whether it is sent again, with
one exception: who says that money was taken is believed. This module knows no status and no errors.
"""

from __future__ import annotations

import html
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
    PARTLY = "partly"  # something is charged, and something is not


_TAKEN = "(?:charged?|billed|deducted|debited|invoiced)"
_GAP = "[^.!?;]{0,30}"
_FREE_PATTERNS = (
    rf"(?<!could )(?<!can )\bnot\b{_GAP}\b{_TAKEN}\b",  # will not be charged
    rf"(?<!could)(?<!ca)n[’']t\b{_GAP}\b{_TAKEN}\b",  # noqa: RUF001  # wasn't billed
    rf"\b(?:never|without(?: being)?)\b{_GAP}\b{_TAKEN}\b",
    r"(?:\b(?:not|never|cannot)|\b(?:wo|do|did)n[’']t) (?:\w+ )?(?:bill|charge|debit|invoice)\b",  # noqa: RUF001
    rf"\bno (?:credits?|tokens?|money|funds|points)\b{_GAP}\b(?:{_TAKEN}|consumed|used|taken|spent)\b",
    r"\b(?:is|are|was|were|be|been|fully|automatically) refunded\b",
    rf"\b(?:credits?|tokens?|amount|money|funds|quota)\b{_GAP}\b(?:returned|restored|reinstated|credited back)\b",
    "[不未][会會]?被?(?:产生|產生|收取)?(?:扣费|扣費|扣除|计费|計費|收费|收費|费用|費用)",
    "已退[款还還]",
    rf"\b(?:nichts?|keine?[nrs]?)\b{_GAP}\b(?:berechnet|belastet|abgebucht|abgerechnet|in Rechnung)|\berstattet\b",
    rf"\bno\b{_GAP}\b(?:cobrar\w*|cobrad[oa]s?|facturar\w*|facturad[oa]s?)\b|\breembolsad[oa]s?\b",
    rf"(?:\bne|\bn[’'])\b{_GAP}\b(?:factur[ée]\w*|débit[ée]\w*|prélev[ée]\w*)|\bremboursé",  # noqa: RUF001
    rf"\bnão\b{_GAP}\b(?:cobrad[oa]s?|cobrança|faturad[oa]s?|debitad[oa]s?)\b",
    rf"\bnon\b{_GAP}\b(?:addebitat[oiea]|fatturat[oiea]|addebito)\b|\brimborsat[oiea]\b",
    rf"\bniet\b{_GAP}\b(?:berekend|gefactureerd|afgeschreven)\b",
    rf"\b(?:не|нет)\b{_GAP}\b(?:списан|списыва|взима|тарифиц|начисл)\w*",
    "(?:課金|請求|料金)[^。！？]{0,12}(?:ません|ない)",  # noqa: RUF001  # Chinese punctuation
    "(?:청구|과금|부과|차감)[^.!?]{0,6}(?:않|안)",
)  # fmt: skip
# Pages advertise in such words, too.
_ADVERTISED_PATTERNS = (
    r"\bno (?:additional |extra )?(?:charges?|fees?|costs?|billing)\b(?! (?:card|account|method))",
    r"\bwithout (?:any |extra )?(?:charges?|costs?)\b",
    r"\bfree of charge\b|\bnon-billable\b|\bunbilled\b",
    r"\bsin (?:coste|costo|cargo)\b|\bsans frais\b|\bsem custo\b|\bsenza costi\b|\bkosten(?:los|frei)\b",
)
_CHARGED_PATTERNS = (
    rf"\b(?:has|have|had|was|were)(?: already| still| just)?(?: been)?(?: fully)? {_TAKEN}\b",
    "已[经經]?(?:扣费|扣費|扣除|计费|計費|收费|收費)",
)
# Beside words that something is free.
_PARTLY = re.compile(rf"\b(?:is|are|be|been|was|were)\b[^.!?;]{{0,25}}\b{_TAKEN}\b", re.IGNORECASE)
_NO_CLAIM_PATTERNS = (r"^\W*(?:if|when|unless|in case|whether)\b", "^如果", r"\b(?:previous|earlier|prior)\b")
_STRONG_FREE = re.compile("|".join(_FREE_PATTERNS), re.IGNORECASE)
_FREE = re.compile("|".join((*_FREE_PATTERNS, *_ADVERTISED_PATTERNS)), re.IGNORECASE)
_CHARGED = re.compile("|".join(_CHARGED_PATTERNS), re.IGNORECASE)
_NO_CLAIM = re.compile("|".join(_NO_CLAIM_PATTERNS), re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")  # noqa: RUF001  # Chinese punctuation
_REPETITION = re.compile(r"(.{10,200}?)\1{2,}", re.DOTALL)
_TAGS = re.compile(r"<(script|style)\b.{0,20000}?</\1>|<[^<>]{0,2000}>", re.IGNORECASE | re.DOTALL)
_QUOTATIONS = re.compile(r"\"[^\"]{0,500}\"|“[^”]{0,500}”|„[^“”]{0,500}[“”]|«[^»]{0,500}»|「[^」]{0,500}」")
_MAX_SEARCH_LENGTH = 5000  # characters in which repetitions are looked for
_END_MARKS = " .!?。！？"  # noqa: RUF001


def find_charge_claim(text: str) -> ChargeClaim:
    """Return what a text says of charging; "partly" when it says that one thing is free and another is not."""
    sentences = _split(text[:TEXT_CAP])
    claim = next(filter(None, map(_classify, sentences)), ChargeClaim.NONE)
    is_partly = claim is ChargeClaim.FREE and any(map(_is_charge_beside, sentences))
    return ChargeClaim.PARTLY if is_partly else claim


def _is_charge_beside(sentence: str) -> bool:
    """Whether a sentence says that something is charged, apart from what it says is not."""
    rest = _FREE.sub("", sentence)
    return not _NO_CLAIM.search(sentence) and (_PARTLY.search(rest) or _CHARGED.search(rest)) is not None


def find_page_claim(html_text: str) -> str:
    """Return the sentence of a web page that says that nothing was charged, "" for none."""
    text = clean_line(html.unescape(_TAGS.sub(" ", html_text[:TEXT_CAP])), TEXT_CAP)
    return next(filter(_STRONG_FREE.search, _split(text)), "").strip()


def remove_quotations(text: str) -> str:
    """Return a text without what it quotes: a model that writes of a sign makes no promise."""
    return _QUOTATIONS.sub(" ", text)


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
