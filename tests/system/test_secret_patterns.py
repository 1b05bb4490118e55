"""Credentials are recognised by their shape, and ordinary prompts are not taken for any."""

from __future__ import annotations

import base64
import random
import re
import uuid
from hashlib import sha256
from string import ascii_letters, ascii_uppercase, digits
from urllib.parse import quote

import pytest

from cometmagic.system.secret import Secret
from cometmagic.system.secret_patterns import (
    SECRET_PATTERN,
    SECRET_PATTERNS,
    SECRET_START_PATTERN,
    contains_key,
    find_secret_kind,
    mask_secrets,
)

_random = random.Random(1)  # noqa: S311  # the same letters each time


def letters(count: int, alphabet: str = ascii_letters + digits) -> str:
    return "".join(_random.choices(alphabet, k=count))


# None of them was ever a key; they are put together here so that no scanner of repositories stops at them.
SECRETS = {
    "sk-" + letters(48): "an API key",
    "sk-" + letters(32, "0123456789abcdef"): "an API key",
    "sk-or-v1-" + letters(64, "0123456789abcdef"): "an API key",
    "sk-proj-" + letters(64, ascii_letters + digits + "_-"): "an API key",
    "sk-ant-" + "api03-" + letters(90): "an API key",
    "sk-canary-" + "4f9c2b7e1d8a6035": "an API key",
    "sk_live_" + letters(24): "a Stripe key",
    "AIza" + "Sy" + letters(33): "a Google API key",
    "AIza" + "b2x7" + letters(31): "a Google API key",
    "AQ." + "Ab8RN6" + letters(44): "a Google API key",
    "ya29." + "a0AfH6" + letters(60): "a Google access token",
    "GOCSPX-" + letters(28): "a Google client secret",
    "ghp_" + letters(36): "a GitHub token",
    "github_pat_" + letters(22) + "_" + letters(59): "a GitHub token",
    "glpat-" + letters(19) + "7": "a GitLab token",
    "r8_" + letters(37): "a Replicate token",
    "gsk_" + letters(52): "a Groq key",
    "npm_" + letters(36): "an npm token",
    "pypi-" + "AgEIcHlwaS5vcmc" + letters(120): "a PyPI token",
    "SG." + letters(22) + "." + letters(43): "a SendGrid key",
    "xapp-" + f"1-A{letters(10, digits)}-{letters(13, digits)}-{letters(64, '0123456789abcdef')}": "a Slack token",
    "hf_" + letters(34, ascii_letters): "a Hugging Face token",
    "xoxb-" + f"{letters(12, digits)}-{letters(12, digits)}-{letters(24)}": "a Slack token",
    "AKIA" + letters(16, ascii_uppercase + "234567"): "an AWS access key",
    "ASIA" + "3" + letters(15, ascii_uppercase): "an AWS access key",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + letters(43): "a JSON Web Token",
    "Bearer " + "k7Qx" + letters(28): "an access token",
    "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE": "a private key",
    "-----BEGIN " + "PRIVATE KEY-----": "a private key",
    "-----BEGIN " + "OPENSSH PRIVATE KEY-----": "a private key",
}
AROUND = (
    "{}",
    "a poster with {} on it",
    "key={}",
    '{{"token": "{}"}}',
    "https://a.example/?key={}&x=1",
    "画{}吧",
    "({}),",
    r"first\n{}\r\n",
    "?token%3D{}%26x",
    "KEY_{}",
    "key-{}",
)
PROMPTS = (
    "a red bicycle leaning on a sunlit wall",
    "A logo for sk-learn, the machine learning library, and its friend sk-learn-contrib-lightning",
    "disk-0123456789abcdef0123456789abcdef and risk-free-investment-opportunities-2024",
    "the word AIza alone, an AIzard, and AIzaSy",
    "a lizard called AKIA from AKITA, ASIAPACIFICECONOMICFORUM",
    "the ghp_ prefix, a ghost called gho_st, hf_hub_download and hf_AutoModel",
    "xoxo- love, xoxb- and a Slack logo",
    "eyJ is how base64 of JSON begins: eyJhbGciOiJIUzI1NiJ9",
    "a street sign that says -----BEGIN CERTIFICATE----- and a PUBLIC KEY under it",
    "a skate park, task-based, mask-wearing sk-8ters; flight SK-1234 to sk-SK",
    "sk-fading-circle12 sk-cube-grid css spinner",
    "draw {'style': 'oil', 'seed': 12345678901234567890, \"ratio\": '16:9'}",
    "ein Aktenschrank aus Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
    "https://example.org/images/2024/12/sk-blue-bicycle-with-basket.png?width=1024&height=768",
    "const API_KEY = process.env.OPENAI_API_KEY; // sk-...",
    "export COMETAPI_KEY=$COMETAPI_KEY",
    "glpat- is GitLab's prefix, github_pat_ is GitHub's, sk_live_ is Stripe's",
    "a typographer's sk-abcdefghijklmnopqrstuvwxyz and SK-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "sk-internationalization, sk-donaudampfschifffahrtsgesellschaft, sk-najneobhospodarovavatelnejsi",
    "IKEA sk-123456789012 part number, and sk-20240101-0001",
    "a calendar for sk-20231224T180000 and lang=sk-SK&date=20240511T101112Z",
    "Škoda sk-octavia2024facelift, sk-superb2023combi4x4",
    "a file sk-550e8400-e29b-41d4-a716-446655440000 in a drawer",
    "sk-antropologie-museum-of-human-history1, sk-proj-management-chart-2024",
    "https://example.org/sk-bratislava-hotel-apollo-2024-05-11/room-12",
    "task-20240101123456789, desk-a1b2c3d4e5f6a7b8, flask-sqlalchemy2024",
    "mask-r-cnn-resnet50-fpn-v2 beside mask_sk-learn_1_2_3",
    "names in a column:\nsk-cats\n1\n2\n3\nsk-dogs\n4",
    "sk-learn\n3 cats 4 dogs 5 birds 6 fish 7 snails",
    "a xoxo-love-and-kisses-forever card, xoxb-love-and-kisses-forever, xoxp-gossip-girl-new-york-city",
    "AIzawaShotaTheUnderratedHeroOfClass1A, a poster of AIzawa Shota",
    "glpat-explained-for-young-kids, a book cover",
    "github_pat_tern_recognition_course_2024, a slide",
    "sk_live_concert_in_bratislava_2024, sk_test_results_of_the_team",
    "eyJsImage_gallery.eyJsCarousel.eyJsLibrary, three packages",
    "ASIASOUTHEASTERNISLANDS map beside AKIABARACITYSKYLINEXX",
    "hf_transformers_for_beginners_2024_second_edition",
    "npm_config_registry and npm_lifecycle_event in a terminal",
    "pypi-Agents-of-the-future-conference-poster, pypi-AgEd",
    "SG.Singapore.GardensByTheBay, a postcard",
    "AQ.com, the AQ.Aquarium-and-sea-life-center-of-barcelona-spain ticket",
    "ya29.org, a tram of line ya29. It is red.",
    "GOCSPX-racing team, gsk_pharma_building_at_night_in_the_rain",
    "r8_spyder_audi_in_red_on_a_mountain_road_at_dawn",
    "xapp-store-icon-set-for-2024, xapp-1-2-3",
    r"C:\risk-report\network\task-0123456789abcdef",
    "100%20sk-learn%20poster%3Fsk-image%26sk-video",
    "sk-1920x1080x60 wallpaper, sk-4k-8k-16k-textures",
    "the ring Bearer of 2024, Bearer of-bad-news-in-the-morning, Authorization: Bearer $COMETAPI_KEY",
    "Bauhaus SK-2000 synth, SK-II facial treatment essence, sk-1 sk-2 sk-3 models of skates",
)


def generated_texts() -> list[str]:
    """Return what machines write into prompts."""
    image = base64.b64encode(_random.randbytes(60_000)).decode()
    return [
        *(sha256(bytes([number])).hexdigest() for number in range(200)),
        *(str(uuid.UUID(int=_random.getrandbits(128))) for _ in range(200)),
        f"data:image/png;base64,{image}",
        "\n".join(image[start : start + 76] for start in range(0, len(image), 76)),
        image.replace("+", "-").replace("/", "_"),
        _random.randbytes(20_000).hex(),
    ]


@pytest.mark.parametrize(("secret", "kind"), SECRETS.items(), ids=[secret[:16] for secret in SECRETS])
def test_a_credential_is_found_and_masked_whatever_stands_around_it(secret: str, kind: str) -> None:
    for around in AROUND:
        text = around.format(secret)
        assert find_secret_kind(text) == kind, text
        assert secret[:20] not in mask_secrets(text)
        assert secret[-6:] not in mask_secrets(text)


@pytest.mark.parametrize("secret", [secret for secret in SECRETS if "BEGIN" not in secret], ids=lambda text: text[:16])
@pytest.mark.parametrize("mark", ["\n", "\r\n", *"\u00ad\u200b\u2061\u2062\u2063\u2064\ufeff"], ids=ascii)
def test_a_credential_is_found_when_it_is_broken(secret: str, mark: str) -> None:
    shown = mark.join(secret) if mark > "~" else secret[:14] + mark + secret[14:]

    assert find_secret_kind(f"draw\n{shown}\nplease") == SECRETS[secret]


def test_ordinary_prompts_are_left_alone() -> None:
    texts = [*PROMPTS, *generated_texts()]

    assert [(find_secret_kind(text), text[:200]) for text in texts if find_secret_kind(text)] == []
    assert [text for text in texts if mask_secrets(text) != text] == []


@pytest.mark.parametrize("secret", SECRETS, ids=[secret[:16] for secret in SECRETS])
def test_a_credential_that_is_being_typed_is_recognised_after_a_few_letters(secret: str) -> None:
    start, whole = re.compile(SECRET_START_PATTERN, re.ASCII), re.compile(SECRET_PATTERN, re.ASCII)
    states = ["whole" if whole.search(text) else "start" if start.search(text) else "" for text in (
        f"draw {secret[:length]}" for length in range(1, len(secret) + 1)
    )]  # fmt: skip
    if "BEGIN" in secret:  # it has spaces, and no secret letter in the beginning
        assert states[-1] == "whole"
        return

    first = states.index("start")
    assert first < 16
    assert "" not in states[first:]
    assert "whole" in states


def test_every_row_has_a_sample() -> None:
    assert {row.kind for row in SECRET_PATTERNS} == set(SECRETS.values())


KEYS = ("sk-canary-4f9c2b7e1d8a6035", "0f3a9c2b7e1d8a60354f9c2b7e1d8a6035aa11bb", "pA+ss/w0=rd-_9XkQ2", "Zx8-9qXv")


@pytest.mark.parametrize("key", KEYS)
def test_the_session_s_key_is_found_in_every_shape(key: str) -> None:
    shapes = {
        "plain": key,
        "without its prefix": key.removeprefix("sk-"),
        "in other case": key.swapcase(),
        "in lines": "\n".join(key),
        "with zero-width spaces": "\u200b".join(key),
        "quoted": quote(key, safe=""),
        "percent-encoded": "".join(f"%{ord(letter):02x}" for letter in key),
        "as hex": key.encode().hex(),
        "a piece": key[-13:-1] if len(key) > 20 else key,
        "backwards": key[::-1],
        **{f"as base64 after {n}": base64.b64encode(b"x" * n + key.encode() + b"yyy").decode() for n in range(3)},
    }

    assert [name for name, shape in shapes.items() if not contains_key(f"draw {shape} please", Secret(key))] == []


@pytest.mark.parametrize("key", KEYS)
def test_no_ordinary_prompt_contains_the_session_s_key(key: str) -> None:
    assert [text[:80] for text in [*PROMPTS, *generated_texts()] if contains_key(text, Secret(key))] == []
    assert not contains_key(f"draw {key[:7]}", Secret(key))
