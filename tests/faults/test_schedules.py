"""What the campaign stands on: a seed is one schedule, its own reading of HTTP is right, a reset overtakes nothing."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from tests.faults.bodies import body
from tests.faults.campaign import Campaign
from tests.faults.cases import CASES
from tests.faults.oracle import judge
from tests.faults.schedules import Disturbance, schedule
from tests.faults.travel import TRAVELS, Travel, framed, head, packed, readable


@pytest.mark.parametrize("case", CASES)
def test_a_seed_is_one_schedule(case: str) -> None:
    first, again, other = (schedule(f"{case}/{number}") for number in (5, 5, 6))

    assert first == again
    assert first != other
    assert str(first) == str(again)


def test_pictures_are_told_apart() -> None:
    made = [picture for number in range(50) for answer in schedule(str(number)).replies for picture in answer.pictures]

    assert len(set(made)) == len(made) > 200


@pytest.mark.parametrize("travel", [way for way in TRAVELS if way.pace == "at-once"], ids=str)
def test_the_campaigns_own_reading(travel: Travel) -> None:
    rng = Random(str(travel))  # noqa: S311
    content = body(rng).content
    sent = packed(rng, content, travel.packing)
    wire = head(travel, len(sent)) + framed(rng, sent, travel.framing)

    assert readable(wire) == content
    for end in range(0, len(wire), len(wire) // 60):
        part = readable(wire[:end])
        assert content.startswith(part)
    assert len(readable(wire[:-60])) > len(content) // 2


@pytest.mark.parametrize("ending", ["rst", "fin"])
def test_a_connection_that_ends_after_the_last_byte_overtakes_nothing(campaign: Campaign, ending: str) -> None:
    for number in range(5):
        run = campaign.ours(replace(schedule(f"G-after-{ending}/{number}"), disturbance=Disturbance()))
        assert judge(run) == []


def test_the_disk_fails_only_where_it_is_told_to(campaign: Campaign) -> None:
    given = replace(schedule("G-length-plain-at-once/1"), carrier="thread")
    run = campaign.ours(replace(given, disturbance=Disturbance("disk", nth=1, lasting=2, error=5)))

    assert len(run.failed) == 2
    assert judge(run) == []
