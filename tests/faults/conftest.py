"""The couriers of the campaign, for every test of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.campaign import Campaign


@pytest.fixture(scope="package")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """Return the couriers that carry all schedules."""
    with Campaign(tmp_path_factory.mktemp("campaign")) as campaign:
        yield campaign
