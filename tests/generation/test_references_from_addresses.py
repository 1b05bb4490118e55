"""An address that closes early, without saying how long its image is: refused by its host before anything is sent."""

from __future__ import annotations

import pytest

import cometmagic
from cometmagic.errors import OptionError
from tests.faults.server import FaultServer, fin, recv_request, response, send
from tests.image_samples import encoded, lying


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("missing", [0, 1, 12, 60])
def test_an_address_that_closes_early(kind: str, missing: int) -> None:
    content = encoded(lying((300, 200)), kind)
    answer = response(content[: len(content) - missing], length=False)
    with FaultServer([recv_request(), send(answer), fin()]) as server:
        address = f"{server.url}/a.img"
        if missing:
            with pytest.raises(OptionError, match=r"^The image from 127\.0\.0\.1 cannot be read as a picture"):
                cometmagic.plan("a hat", images=[address], private_urls=True, source="offline")
        else:
            plan = cometmagic.plan("a hat", images=[address], private_urls=True, source="offline")
            assert plan.warnings == ()
