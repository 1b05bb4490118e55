"""What the offline painter promises: the same picture every time, at any size, with the words of the prompt in it."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from cometmagic.offline.painter import paint, picture
from cometmagic.offline.painter.daylight import DAYLIGHTS
from cometmagic.offline.painter.places.place_table import PLACES
from cometmagic.offline.painter.prompt_parser import parse_prompt
from cometmagic.offline.painter.styles import STYLES
from cometmagic.offline.painter.subjects.subject_table import SUBJECTS
from cometmagic.offline.painter.vocabulary import COLOUR_WORDS, PLACE_WORDS, STYLE_WORDS, SUBJECT_WORDS, TIME_WORDS

ROOT = Path(__file__).parents[3]
BICYCLE = "a red bicycle leaning on a sunlit wall"


def difference(one: Image.Image, two: Image.Image) -> float:
    """Return the mean difference of two pictures, 0 to 255, as a passer-by would see it."""
    small = [image.resize((128, 128), Image.Resampling.BOX) for image in (one, two)]
    return sum(ImageStat.Stat(ImageChops.difference(*small)).mean) / 3


def share_near(image: Image.Image, colour: tuple[int, int, int], reach: int = 70) -> float:
    """Return the share of pixels that are within `reach` of `colour` in each channel."""
    gap = ImageChops.difference(image, Image.new("RGB", image.size, colour))
    worst = ImageChops.lighter(ImageChops.lighter(*gap.split()[:2]), gap.split()[2])
    return sum(worst.histogram()[:reach]) / (image.width * image.height)


def without_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "_add_label", lambda image: image)


# The same every time


@pytest.mark.parametrize(
    "prompt", [BICYCLE, "watercolour lighthouse at night", "gfhdj qwe", "five neon cats in the rain"]
)
def test_two_processes_paint_identical_bytes(prompt: str) -> None:
    code = (
        "import hashlib; from cometmagic.offline.painter import paint;"
        f"print(hashlib.sha256(paint({prompt!r}, 320, 256, seed=4).render_final().tobytes()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": hash_seed},
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert told == {hashlib.sha256(paint(prompt, 320, 256, seed=4).render_final().tobytes()).hexdigest()}


def test_an_edit_is_the_same_every_time() -> None:
    base = paint(BICYCLE, 200, 200).render_final()
    one, two = (
        paint("make it night and add a cat", 200, 200, base_image=base).render_final().tobytes() for _ in range(2)
    )
    assert one == two


@pytest.mark.parametrize("prompt", [BICYCLE, "qwertz", "a boat on the sea", "three tulips"])
def test_another_seed_gives_another_picture(prompt: str) -> None:
    assert (
        difference(paint(prompt, 256, 256, seed=1).render_final(), paint(prompt, 256, 256, seed=2).render_final()) > 4
    )


def test_prompts_without_known_words_give_pictures_that_differ_from_each_other() -> None:
    pictures = [paint(prompt, 256, 256).render_final() for prompt in ("qwertz", "plugh", "foo bar", "lorem ipsum", "")]
    gaps = [difference(one, two) for index, one in enumerate(pictures) for two in pictures[:index]]
    assert min(gaps) > 4


def test_letter_case_and_spaces_do_not_change_the_picture() -> None:
    assert (
        paint("A  Red Cat ", 128, 128).render_final().tobytes() == paint("a red cat", 128, 128).render_final().tobytes()
    )


# The size asked for

SIZES = [(512, 512), (1024, 1024), (424, 632), (632, 424), (864, 1184), (1376, 768), (768, 1376), (1584, 672),
         (384, 3072), (3072, 384), (512, 2048), (2048, 512), (4096, 4096), (12288, 1536), (1536, 12288),
         (48, 48)]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_the_final_picture_has_exactly_the_size_asked_for(size: tuple[int, int]) -> None:
    picture = paint("a pixel cat and a lighthouse at sunset", *size).render_final()
    assert (picture.size, picture.mode) == (size, "RGB")


@pytest.mark.parametrize("place", sorted(PLACES))
@pytest.mark.parametrize("size", [(60, 480), (480, 60), (97, 101)])
def test_every_place_can_be_set_at_any_aspect_ratio(place: str, size: tuple[int, int]) -> None:
    assert paint(f"a person in {place}", *size).render_final().size == size


@pytest.mark.parametrize("style", [style for style in STYLES if style])
def test_every_style_can_draw_and_redraw_at_odd_sizes(style: str) -> None:
    drawn = paint(f"{style} of a boat", 131, 97).render_final()
    assert paint(f"as {style}", 97, 131, base_image=drawn).render_final().size == (97, 131)


def test_the_same_prompt_has_the_same_light_at_another_aspect_ratio() -> None:
    wide, square = (
        paint("a cat on the beach", 512, 256).render_final(),
        paint("a cat on the beach", 256, 256).render_final(),
    )
    other = paint("a cat on the beach at night", 256, 256).render_final()
    assert difference(wide, square) < difference(wide, other)


# Drafts


@pytest.mark.parametrize(
    "prompt", [BICYCLE, "two boats on a calm sea at dawn", "castle in the snow", "plugh", "a fox at night"]
)
def test_drafts_come_nearer_to_the_final_picture(prompt: str) -> None:
    painting = paint(prompt, 512, 384)
    final = painting.render_final()
    rough, blocked = (difference(painting.render_draft(number), final) for number in (0, 1))
    assert rough > blocked > 0


def test_drafts_of_an_edit_come_nearer_to_the_final_picture() -> None:
    painting = paint("make it night", 256, 256, base_image=paint(BICYCLE, 256, 256).render_final())
    rough, blocked = (difference(painting.render_draft(number), painting.render_final()) for number in (0, 1))
    assert rough > blocked > 0


def test_drafts_of_a_4k_picture_keep_its_aspect_ratio_and_stay_small() -> None:
    draft = paint("a boat", 5504, 3072).render_draft(0)
    assert draft.width * draft.height <= 1024 * 1030
    assert draft.width / draft.height == pytest.approx(5504 / 3072, rel=0.01)


# Words


def test_a_colour_reaches_the_noun_after_it() -> None:
    reading = parse_prompt("a red shiny bicycle and a blue cat on a teal wall")
    assert {item.name: item.colour for item in reading.items} == {
        "bicycle": COLOUR_WORDS["red"],
        "cat": COLOUR_WORDS["blue"],
    }
    assert reading.place_colour == COLOUR_WORDS["teal"]


@pytest.mark.parametrize("name", ["apple", "teapot", "heart", "car", "balloon", "cup"])
@pytest.mark.parametrize("colour", ["crimson", "emerald", "indigo"])
def test_a_colour_word_decides_the_colour_of_the_subject(name: str, colour: str) -> None:
    named = share_near(
        paint(f"a {colour} {name} on a beige wall at noon", 256, 256).render_final(), COLOUR_WORDS[colour]
    )
    other = share_near(paint(f"a yellow {name} on a beige wall at noon", 256, 256).render_final(), COLOUR_WORDS[colour])
    assert named > other + 0.01


def test_a_colour_without_a_noun_tints_the_whole() -> None:
    teal, crimson = (
        ImageStat.Stat(paint(f"{name} dreams", 256, 256, seed=3).render_final()).mean for name in ("teal", "crimson")
    )
    assert teal[1] - teal[0] > crimson[1] - crimson[0] + 15


def test_plurals_numbers_and_synonyms_are_read() -> None:
    reading = parse_prompt("three puppies, two sailboats and a bike near butterflies")
    assert [(item.name, item.count) for item in reading.items] == [
        ("dog", 3),
        ("boat", 2),
        ("bicycle", 1),
        ("butterfly", 3),
    ]


def test_orange_is_a_fruit_only_as_a_noun() -> None:
    reading = parse_prompt("an orange and an orange cat")
    assert [(item.name, item.colour) for item in reading.items] == [
        ("orangefruit", None),
        ("cat", COLOUR_WORDS["orange"]),
    ]


def test_what_is_worn_belongs_to_the_one_before_it() -> None:
    (item,) = parse_prompt("a banana wearing a purple hat").items
    assert (item.name, item.headgear, item.headgear_colour) == ("banana", "hat", COLOUR_WORDS["purple"])
    assert parse_prompt("a cat in a space suit").items[0].headgear == "spacesuit"


def test_words_tells_what_was_understood_in_order() -> None:
    assert paint(BICYCLE, 64, 64).list_words() == ["red", "bicycle", "sunlit", "wall"]
    assert paint("gfhdj qwe", 64, 64).list_words() == []
    assert paint("hot air balloons, pop art", 64, 64).list_words() == ["hot air balloon", "pop art"]


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_every_subject_can_be_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_label(monkeypatch)
    word = "orange" if name == "orangefruit" else "hot air balloon" if name == "airballoon" else name
    painting = paint(f"a {word} near a wall", 256, 256)
    shown = painting.render_final()
    painting.parsed_prompt.items.clear()
    assert difference(shown, painting.render_final()) > 0.5


def test_several_subjects_are_all_shown() -> None:
    both = paint("a red apple and a blue teapot on a beige wall", 512, 512).render_final()
    assert share_near(both, COLOUR_WORDS["red"], 50) > 0.01
    assert share_near(both, COLOUR_WORDS["blue"], 50) > 0.01


def test_night_is_darker_than_noon() -> None:
    for place in ("hills", "sea", "city", "snow", "wall"):
        night, noon = (
            ImageStat.Stat(paint(f"{place} at {time}", 128, 128).render_final().convert("L")).mean[0]
            for time in ("night", "noon")
        )
        assert night < noon - 30


def test_every_word_of_the_tables_leads_to_something_that_can_be_drawn() -> None:
    assert set(SUBJECT_WORDS.values()) == set(SUBJECTS)
    assert set(PLACE_WORDS.values()) == set(PLACES)
    assert set(TIME_WORDS.values()) <= set(DAYLIGHTS)
    assert set(STYLE_WORDS.values()) | {""} == set(STYLES)


@pytest.mark.parametrize(
    "prompt", ["", " ", "\ud800 lone surrogate", "日本の猫", "🐈" * 50, "a " * 20_000, ".,;" * 99, "<b>&\x00"]
)
def test_any_text_gives_a_picture(prompt: str) -> None:
    assert paint(prompt, 96, 96).render_final().size == (96, 96)


# Edits


@pytest.mark.parametrize(
    "change",
    [
        "make it blue",
        "at night",
        "add a cat",
        "as a watercolour",
        "pencil sketch",
        "in the rain",
        "better please",
        "foggy",
    ],
)
def test_an_edit_keeps_the_likeness_of_its_base_and_changes_it(change: str) -> None:
    base, unrelated = (
        paint("two boats at sea at noon", 256, 256).render_final(),
        paint("a robot in a room at sunset", 256, 256).render_final(),
    )
    edited = paint(change, 256, 256, base_image=base).render_final()
    structure = [image.convert("L").resize((64, 64)) for image in (edited, base, unrelated)]
    spread = [_correlation(structure[0], other) for other in structure[1:]]
    assert spread[0] > 0.6
    assert spread[0] > spread[1]
    assert difference(edited, base) > 1


def _correlation(one: Image.Image, two: Image.Image) -> float:
    middle = [ImageStat.Stat(image).mean[0] for image in (one, two)]
    a, b = ([value - mean for value in image.tobytes()] for image, mean in zip((one, two), middle, strict=True))
    scale = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / scale


def test_an_edit_is_nearer_to_its_base_than_to_another_picture() -> None:
    base, other = (paint(prompt, 256, 256).render_final() for prompt in (BICYCLE, "mountains at night"))
    edited = paint("make it teal", 256, 256, base_image=base).render_final()
    assert difference(edited, base) < difference(edited, other)


def test_make_it_blue_makes_it_bluer() -> None:
    base = paint(BICYCLE, 256, 256).render_final()
    red, _, blue = ImageStat.Stat(paint("make it blue", 256, 256, base_image=base).render_final()).mean
    assert blue - red > ImageStat.Stat(base).mean[2] - ImageStat.Stat(base).mean[0] + 30


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "CMYK"])
def test_a_base_of_any_mode_and_shape_is_taken_and_left_as_it_was(mode: str) -> None:
    base = paint("a boat", 90, 60).render_final().convert(mode)
    before = base.tobytes()
    assert paint("add a cat", 64, 128, base_image=base).render_final().size == (64, 128)
    assert base.tobytes() == before


# The label


@pytest.mark.parametrize("prompt", [BICYCLE, "space at night", "castle in the snow", "blueprint of a rocket"])
def test_the_label_is_written_in_the_corner_of_drafts_and_final(prompt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    painting = paint(prompt, 1024, 1024)
    labelled = [painting.render_draft(0), painting.render_draft(1), painting.render_final()]
    without_label(monkeypatch)
    for image, plain in zip(
        labelled, [painting.render_draft(0), painting.render_draft(1), painting.render_final()], strict=True
    ):
        left, top, right, bottom = ImageChops.difference(image, plain).getbbox() or (0, 0, 0, 0)
        assert right < 300
        assert top > 900
        corner = image.crop((left, top, right, bottom)).convert("L")
        (band,) = ImageStat.Stat(corner).extrema
        assert band[1] - band[0] > 90  # dark letters on a light tag
