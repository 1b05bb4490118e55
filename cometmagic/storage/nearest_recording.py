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
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import iter_recordings
from cometmagic.storage.library import Library
from cometmagic.storage.request_diff import Difference, find_differences, format_differences
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean_line

MAX_RECORDINGS = 500  # of the newest recordings
SHORT_PROMPT_LENGTH = 200  # characters up to which prompts are compared letter by letter, as typing errors ask for
MAX_PROMPT_UNITS = 400  # letters or words of a prompt; the time grows with their square

_RECORDING_ADVICE = (
    "Use --source live or offline. A live call makes a recording; COMETMAGIC_LIBRARY names a library that has some."
)
_REPLAY_ADVICE = "Write the cell as it was recorded, or use --source live or offline."


def build_missing_error(library: Library, request: ImageRequest, recording_count: int = 0) -> OptionError:
    """Return the error for a request without a recording; it names the nearest one. `number` of it were found."""
    if recording_count:
        have = f"only {recording_count} recording{'s' * (recording_count > 1)}"
        return OptionError(
            f"There are {have} of this request in {format_path(library.root)}.", advice="Ask for fewer with --count."
        )
    what, nearest = (
        f"There is no recording of this request in {format_path(library.root)}",
        _find_nearest(library, request),
    )
    if nearest is None:
        return OptionError(f"{what}, nor of any other.", advice=_RECORDING_ADVICE)
    told = f"The nearest is {clean_line(nearest.folder.id, 100)}, {format_differences(nearest.differences)}."
    return OptionError(f"{what}. {told}", advice=_REPLAY_ADVICE)


@dataclass(frozen=True)
class _RecordingMatch:
    """A recording, its prompt, and how it differs from the request."""

    folder: CallFolder
    prompt: str
    differences: list[Difference]


def _find_nearest(library: Library, request: ImageRequest) -> _RecordingMatch | None:
    """Return the recording with the fewest differences, of those the most similar prompt, of those the newest."""
    found = [
        _RecordingMatch(folder, recorded.prompt, find_differences(request, recorded, call))
        for folder, call in islice(iter_recordings(library), MAX_RECORDINGS)
        if (recorded := _read_request(folder))
    ]
    fewest = min((len(one.differences) for one in found), default=0)
    return _find_most_similar([one for one in found if len(one.differences) == fewest], request.prompt)


def _read_request(folder: CallFolder) -> ImageRequest | None:
    """Return the texts and images of a recording's request, or None when its request.json is damaged."""
    try:
        turns = decode_request(folder.read_body(), folder.path)
    except LibraryError:
        return None
    return ImageRequest(turns, Options()) if turns else None


def _find_most_similar(matches: list[_RecordingMatch], prompt: str) -> _RecordingMatch | None:
    """Return the first of those whose prompts are most like `prompt`."""
    by_letter = len(prompt) <= SHORT_PROMPT_LENGTH

    def pieces(text: str) -> Sequence[str]:
        return text[:MAX_PROMPT_UNITS] if by_letter else text.split()[:MAX_PROMPT_UNITS]

    best, most = None, -1.0
    matcher: SequenceMatcher[str] = SequenceMatcher(None, "", pieces(prompt), autojunk=False)
    for one in matches:
        matcher.set_seq1(pieces(one.prompt))
        # The first two are upper bounds of the third, and far quicker.
        bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
        if all(ratio() > most for ratio in bounds):
            best, most = one, matcher.ratio()
    return best
