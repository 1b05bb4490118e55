"""Why a replay has nothing to show: the recording that is nearest to a request, and how it differs.

This module sends nothing, and knows nothing of the other sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from cometmagic.errors import LibraryError, OptionError
from cometmagic.gemini.decode import decode_request
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.declaration import Options
from cometmagic.storage.diff import Difference, differences, summary
from cometmagic.storage.index import recordings
from cometmagic.storage.store import CallFolder, Library
from cometmagic.system.atomic_files import near
from cometmagic.system.sanitize import line

LOOKED_AT = 500  # of the newest recordings
SHORT = 200  # characters up to which prompts are compared letter by letter, as typing errors ask for
MOST_COMPARED = 400  # letters or words of a prompt; the time grows with their square

_HOW_TO_RECORD = (
    "Use --source live or offline. A live call makes a recording; COMETMAGIC_LIBRARY names a library that has some."
)
_HOW_TO_GO_ON = "Write the cell as it was recorded, or use --source live or offline."


def missing(library: Library, request: ImageRequest, number: int = 0) -> OptionError:
    """Return the error for a request without a recording; it names the nearest one. `number` of it were found."""
    if number:
        have = f"only {number} recording{'s' * (number > 1)}"
        return OptionError(
            f"There are {have} of this request in {near(library.root)}.", do="Ask for fewer with --count."
        )
    what, nearest = f"There is no recording of this request in {near(library.root)}", _nearest(library, request)
    if nearest is None:
        return OptionError(f"{what}, nor of any other.", do=_HOW_TO_RECORD)
    told = f"The nearest is {line(nearest.folder.id, 100)}, {summary(nearest.differences)}."
    return OptionError(f"{what}. {told}", do=_HOW_TO_GO_ON)


@dataclass(frozen=True)
class _Recording:
    """A recording, its prompt, and how it differs from the request."""

    folder: CallFolder
    prompt: str
    differences: list[Difference]


def _nearest(library: Library, request: ImageRequest) -> _Recording | None:
    """Return the recording with the fewest differences, of those the most similar prompt, of those the newest."""
    found = [
        _Recording(folder, recorded.prompt, differences(request, recorded, call))
        for folder, call in islice(recordings(library), LOOKED_AT)
        if (recorded := _read(folder))
    ]
    fewest = min((len(one.differences) for one in found), default=0)
    return _most_similar([one for one in found if len(one.differences) == fewest], request.prompt)


def _read(folder: CallFolder) -> ImageRequest | None:
    """Return the texts and images of a recording's request, or None when its request.json is damaged."""
    try:
        turns = decode_request(folder.body(), folder.path)
    except LibraryError:
        return None
    return ImageRequest(turns, Options()) if turns else None


def _most_similar(found: list[_Recording], prompt: str) -> _Recording | None:
    """Return the first of those whose prompts are most like `prompt`."""
    by_letter = len(prompt) <= SHORT

    def pieces(text: str) -> Sequence[str]:
        return text[:MOST_COMPARED] if by_letter else text.split()[:MOST_COMPARED]

    best, most = None, -1.0
    matcher: SequenceMatcher[str] = SequenceMatcher(None, "", pieces(prompt), autojunk=False)
    for one in found:
        matcher.set_seq1(pieces(one.prompt))
        # The first two are upper bounds of the third, and far quicker.
        bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
        if all(ratio() > most for ratio in bounds):
            best, most = one, matcher.ratio()
    return best
