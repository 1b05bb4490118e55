"""A request without a recording: the nearest one is named, and what differs, as a cell is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cometmagic import ImageResult, generate, generate_many
from cometmagic.errors import OptionError
from cometmagic.gemini.encode import hash_request
from cometmagic.images import normalize, resize
from cometmagic.storage import nearest_recording
from cometmagic.storage.call_folder import CallFolder
from tests.gemini.test_memory import peak
from tests.notebook.answers import answering, painted, serving

RED, BLUE, LARGE = painted("PNG", color="red"), painted("PNG", color="blue"), painted("PNG", 640, 360)
LONG = "a red bicycle leaning on a sunlit wall " * 10
Record = Callable[..., CallFolder]

# What was recorded, what is asked, and what the message says of the recording.
DIFFERENCES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"prompt": "a red bicyle", "aspect_ratio": "16:9"},
        {"aspect_ratio": "1:1"},
        "with --aspect-ratio 16:9 instead of 1:1 and another prompt ('a red bicyle').",
    ),
    ({"seed": 0}, {"seed": 5}, "with --seed 0 instead of 5."),
    ({"seed": 0}, {}, "with --seed 0."),
    ({}, {"temperature": 0}, "without --temperature 0."),
    ({"thoughts": True}, {"image_only": True}, "with --thoughts, without --image-only."),
    ({"model": "gemini-3-pro-image"}, {}, "with --model gemini-3-pro-image instead of gemini-3.1-flash-image-preview."),
    ({}, {"search": "image,web"}, "without --search web,image."),
    ({"search": "web"}, {"search": "web,image"}, "with --search web instead of web,image."),
    ({"safety": {"hate": "none"}}, {"safety": {"hate": "off"}}, "with --safety hate=none instead of hate=off."),
    ({"system": "it's brief"}, {"system": "long"}, "with --system 'it'\"'\"'s brief' instead of long."),
    ({"extra": {"a": {"b": [1]}}}, {}, 'with --extra \'{"a": {"b": [1]}}\'.'),
    (
        {},
        {"seed": 1, "top_k": 2, "top_p": 0.5, "temperature": 1, "thinking": "low", "system": "x", "search": "web"},
        "without --thinking low, --search web, --system x, --temperature 1 and --top-p 0.5, and 2 more options differ.",
    ),
    ({"system": "word " * 40}, {}, f"with --system '{'word ' * 9}word…."),
    ({"images": [RED]}, {}, "with a reference image."),
    ({}, {"images": [RED]}, "without a reference image."),
    ({"images": [RED, BLUE]}, {"images": [RED]}, "with 2 reference images instead of 1."),
    ({"images": [BLUE]}, {"images": [RED]}, "with another reference image."),
    ({"images": [RED + b"1"]}, {"images": [RED + b"2"]}, "with another reference image."),  # of the same size
    ({"images": [RED, LARGE]}, {"images": [RED, BLUE]}, "with another reference image (2 of 2)."),
    ({"images": [RED, BLUE, RED]}, {"images": [BLUE, BLUE, BLUE]}, "with other reference images (1 and 3 of 3)."),
    ({"prompt": ["a", RED, "b"]}, {"prompt": ["a", "b", RED]}, "with its texts and images arranged otherwise."),
    ({"prompt": "a red  bicycle"}, {}, "with other spaces or line breaks in the prompt."),
    ({"prompt": "A red bicycle"}, {}, "with another prompt ('A red bicycle')."),
    (
        {"prompt": f"{LONG}at night"},
        {"prompt": f"{LONG}at noon"},
        "with another prompt ('… leaning on a sunlit wall at night').",
    ),
    (
        {"prompt": f"a blue one {LONG}"},
        {"prompt": LONG},
        "('a blue one a red bicycle leaning on a sunlit wall a red bicy…').",
    ),
    ({"prompt": "a cat"}, {"prompt": LONG}, "with another prompt ('a cat')."),
    ({"prompt": "a\x1b[2J\u202e cat" + "\n" * 9}, {}, "with another prompt ('a cat')."),
]


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Record:
    """Return a function that makes a recording by a real call, planned at a certain moment if one is given."""

    def made(prompt: Any = "a red bicycle", planned: str = "", **options: Any) -> CallFolder:
        with serving(monkeypatch, answering()):
            folder = CallFolder(generate(prompt, **options).folder)
        if planned:
            folder.update(planned=planned)
        return folder

    return made


def told(prompt: Any = "a red bicycle", **options: Any) -> str:
    """Return what is said of a request without a recording."""
    with pytest.raises(OptionError) as caught:
        generate(prompt, source="replay", **options)
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()
    return caught.value.message


@pytest.mark.parametrize(("recorded", "other", "expected"), DIFFERENCES)
def test_the_nearest_recording_and_what_differs(
    record: Record, recorded: dict[str, Any], other: dict[str, Any], expected: str
) -> None:
    folder = record(**recorded)

    said = told(**other)

    assert said.startswith("There is no recording of this request in ")
    assert f"The nearest is {folder.id}, " in said
    assert said.endswith(expected)


def test_the_library_is_named_as_seen_from_here(
    record: Record, monkeypatch: pytest.MonkeyPatch, library_folder: Path
) -> None:
    record()
    monkeypatch.chdir(library_folder.parent)

    assert told("a cat").startswith("There is no recording of this request in library. The nearest is ")


def test_the_fewest_differences_come_first(record: Record) -> None:
    record("a red bicycle", aspect_ratio="1:1", seed=1)
    nearest = record("something else altogether", aspect_ratio="16:9")
    record("a red bicycl", aspect_ratio="1:1")

    assert f"The nearest is {nearest.id}, " in told(aspect_ratio="16:9")


@pytest.mark.parametrize("frame", ["{}", f"{LONG}{{}}{LONG}"], ids=["short", "long"])
def test_then_the_most_similar_prompt(record: Record, frame: str) -> None:
    nearest = record(frame.format("a red bicyle at night"))
    record(frame.format("the moon over a very still sea"))
    record(frame.format("a rde bcle in the morning light"))

    assert f"The nearest is {nearest.id}, " in told(frame.format("a red bicycle at night"))


def test_then_the_newest(record: Record) -> None:
    folders = [record("a cat") for _ in range(3)]
    for newest in folders:
        for folder in folders:
            folder.update(planned=f"2026-11-22T10:15:02.{500 if folder == newest else 400}+01:00")

        assert f"The nearest is {newest.id}, " in told("a dog")


def test_a_recording_that_lost_its_picture_is_not_the_nearest(record: Record) -> None:
    folder = record()
    assert folder.id in told("a cat")

    (folder.path / "image.jpg").unlink()

    assert told("a cat").endswith(", nor of any other.")


def test_long_prompts_are_not_kept(record: Record, library_folder: Path) -> None:
    """Ten recordings need hardly more memory than one."""
    length, peaks = 2**20, []
    folder = record()
    body = json.dumps({"contents": [{"role": "user", "parts": [{"text": "cat " * (length // 4)}]}]})
    (folder.path / "request.json").write_text(body)
    for _ in range(2):
        with peak() as most:
            told("a dog")
            peaks.append(most())
        for number in range(9):
            shutil.copytree(folder.path, library_folder / f"{folder.id}{number}", dirs_exist_ok=True)

    assert peaks[0] > length
    assert peaks[1] < peaks[0] + 3 * length


@pytest.mark.parametrize("exists", [True, False])
def test_without_any_recording_it_is_said_how_to_get_one(library_folder: Path, exists: bool) -> None:
    if exists:
        generate("a red bicycle", source="offline")

    with pytest.raises(OptionError, match=r"There is no recording of this request in .*, nor of any other\.") as caught:
        generate("a red bicycle", source="replay")

    assert "A live call makes a recording; COMETMAGIC_LIBRARY names a library" in str(caught.value)
    assert "Nothing was sent" in str(caught.value)


def test_only_the_newest_are_looked_at(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    oldest, *_ = [
        record(f"{name} thing", planned=f"2026-11-22T10:15:0{at}+00:00")
        for at, name in enumerate(("red", "green", "tiny"))
    ]
    assert f"The nearest is {oldest.id}, " in told("red things")

    monkeypatch.setattr(nearest_recording, "MAX_RECORDINGS", 2)

    assert oldest.id not in told("red things")


def test_a_recording_that_another_version_wrote_otherwise_is_told(record: Record) -> None:
    folder = record()
    folder.update(request_hash="0" * 64)

    assert told().endswith(f"{folder.id}, which asks for the same, but was written by another version of cometmagic.")


def test_an_option_that_only_another_version_knows_is_told(record: Record) -> None:
    record().update(options={"glow": "very\x1b[31m strong", "seed": 5})

    assert told("a cat").endswith("with --seed 5, --glow 'very strong' and another prompt ('a red bicycle').")


@pytest.mark.parametrize("options", [{"seed": [[{}]]}, {"safety": 5}, {"extra": "x"}, {"search": None}])
def test_odd_options_of_a_strangers_library_do_no_harm(record: Record, options: Any) -> None:
    folder = record()
    folder.update(options=options)

    assert f"The nearest is {folder.id}, " in told("a cat")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"contents": [{"parts": [{"text": 5}]}]}'])
def test_a_damaged_request_is_passed_over(record: Record, content: bytes) -> None:
    good, damaged = record("a dog"), record("a cat")
    assert f"The nearest is {damaged.id}, " in told("a bat")
    (damaged.path / "request.json").write_bytes(content)

    said = told("a bat")

    assert damaged.id in said or f"The nearest is {good.id}, " in said


def test_a_reference_that_is_gone_is_another_one(record: Record) -> None:
    folder = record(images=[RED])
    (folder.path / "reference-1.png").unlink()

    assert told("a red bicycle!", images=[RED]).endswith(
        "with another reference image and another prompt ('a red bicycle')."
    )


def test_a_miss_makes_no_folder_and_sends_nothing(record: Record, library_folder: Path) -> None:
    record()
    before = sorted(library_folder.iterdir())

    told("a cat")

    assert sorted(library_folder.iterdir()) == before


def test_without_a_source_a_miss_is_a_sketch(record: Record) -> None:
    record()

    assert generate("a cat").source == "offline"


def draw_figure() -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1), dpi=50)
    figure.add_subplot().plot([1, 2], label="a line")
    figure.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def make_array(dark: int = 0) -> Any:
    return np.arange(240, dtype=np.uint8).reshape(12, 20) - dark


@pytest.mark.parametrize("source", ["auto", "replay"])
@pytest.mark.parametrize("make", [draw_figure, make_array, lambda: Image.fromarray(make_array())])
def test_a_picture_that_another_encoder_writes_is_the_same_request(
    record: Record, source: str, make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = record(images=[make()])
    encode_picture = resize.encode_picture
    monkeypatch.setattr(
        normalize, "encode_picture", lambda *args, **options: encode_picture(*args, **options, compress_level=0)
    )

    result = generate("a red bicycle", images=[make()], source=source)

    assert (result.source, result.folder) == ("replay", folder.path)
    assert generate("a red bicycle", images=[make_array(dark=1)]).source == "offline"


@pytest.mark.parametrize("count", [1, 2])
def test_what_was_encoded_here_is_found_as_the_file_that_was_sent(record: Record, count: int) -> None:
    folders = {record(images=[make_array()]).path for _ in range(count)}
    file = min(folders) / "reference-1.png"

    results = generate_many("a red bicycle", images=[file], source="replay", count=count)

    assert {result.folder for result in results} == folders


def test_a_recording_made_when_bytes_counted_is_found(record: Record) -> None:
    folder = record(images=[make_array()])
    folder.update(request_hash=hash_request(ImageResult(folder.path).request))

    assert generate("a red bicycle", images=[make_array()], source="replay").folder == folder.path


@pytest.mark.parametrize("source", ["auto", "replay"])
@pytest.mark.parametrize(
    ("recorded", "prompt"),
    [
        ("a cat\r\nat night", "a cat\nat night"),
        ("a cat\nat night", "a cat  \nat night\t"),
        ("a cat\n", "a cat"),
        ("a cat", "a cat\n\n"),
        (["a cat ", painted("PNG"), "at night"], ["a cat ", painted("PNG"), "at night "]),
    ],
)
def test_line_ends_and_blanks_behind_lines_make_no_other_request(
    record: Record, source: str, recorded: Any, prompt: Any
) -> None:
    folder = record(recorded)

    result = generate(prompt, source=source)

    assert (result.source, result.folder) == ("replay", folder.path)


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        ("a  cat\nat night", {}),
        (" a cat\nat night", {}),
        ("a cat\n\nat night", {}),
        ("a cat at night", {}),
        ("a cat\nat night ", {"seed": 1}),
        ("a cat\nat night ", {"images": [painted("PNG")]}),
        ("a Cat\nat night ", {}),
    ],
)
def test_what_can_be_seen_makes_another_request(record: Record, prompt: str, options: dict[str, Any]) -> None:
    record("a cat\nat night")

    assert generate(prompt, **options).source == "offline"
    assert "The nearest is " in told(prompt, **options)
