"""What tests of one image and of several share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cometmagic.errors import OptionError
from tests.notebook.answers import answering, serving

CheckRefused = Callable[[Callable[[], Any], str], None]


@pytest.fixture
def check_refused(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> CheckRefused:
    """Return a check that a request is refused in one line with certain words, and neither sent nor written down."""

    def check(request: Callable[[], Any], words: str) -> None:
        with serving(monkeypatch, answering()) as server:
            with pytest.raises(OptionError) as caught:
                request()
            assert words in str(caught.value)
            assert "\n" not in str(caught.value)
        assert server.log == []
        assert not library_folder.exists()

    return check
