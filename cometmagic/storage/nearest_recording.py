"""The error for a request without a recording: it names the nearest recording and how that differs.

This module sends nothing and knows nothing about the other sources.
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

MAX_RECORDINGS = 500  # the newest ones are compared
SHORT_PROMPT_LENGTH = 200  # characters; up to this length prompts are compared by letters, to find typing errors
MAX_PROMPT_UNITS = 400  # letters or words that are compared; the time grows with their square

_RECORDING_ADVICE = (
    "Use --source live or offline. A live call makes a recording; COMETMAGIC_LIBRARY names a library that has some."
)
_REPLAY_ADVICE = "Write the cell as it was recorded, or use --source live or offline."


def build_missing_error(library: Library, request: ImageRequest, recording_count: int = 0) -> OptionError:
    """Return the error for a request with too few recordings (`recording_count`); with none it names the nearest."""
    if recording_count:
        available = f"only {recording_count} recording{'s' * (recording_count > 1)}"
        return OptionError(
            f"There are {available} of this request in {format_path(library.root)}.",
            advice="Ask for fewer with --count.",
        )
    message = f"There is no recording of this request in {format_path(library.root)}"
    nearest = _find_nearest(library, request)
    if nearest is None:
        return OptionError(f"{message}, nor of any other.", advice=_RECORDING_ADVICE)
    nearest_text = f"The nearest is {clean_line(nearest.folder.id, 100)}, {format_differences(nearest.differences)}."
    return OptionError(f"{message}. {nearest_text}", advice=_REPLAY_ADVICE)


@dataclass(frozen=True)
class _RecordingMatch:
    """A recording, its prompt, and how it differs from the request."""

    folder: CallFolder
    prompt: str
    differences: list[Difference]


def _find_nearest(library: Library, request: ImageRequest) -> _RecordingMatch | None:
    """Return the recording with the fewest differences; of several, the most similar prompt, then the newest."""
    matches = [
        _RecordingMatch(folder, recorded_request.prompt, find_differences(request, recorded_request, call))
        for folder, call in islice(iter_recordings(library), MAX_RECORDINGS)
        if (recorded_request := _read_request(folder))
    ]
    min_count = min((len(match.differences) for match in matches), default=0)
    return _find_most_similar([match for match in matches if len(match.differences) == min_count], request.prompt)


def _read_request(folder: CallFolder) -> ImageRequest | None:
    """Return the texts and images of a recorded request, or None when its request.json is damaged."""
    try:
        turns = decode_request(folder.read_body(), folder.build_path)
    except LibraryError:
        return None
    return ImageRequest(turns, Options()) if turns else None


def _find_most_similar(matches: list[_RecordingMatch], prompt: str) -> _RecordingMatch | None:
    """Return the first match whose prompt is most similar to `prompt`."""
    is_short = len(prompt) <= SHORT_PROMPT_LENGTH

    def split(text: str) -> Sequence[str]:
        return text[:MAX_PROMPT_UNITS] if is_short else text.split()[:MAX_PROMPT_UNITS]

    best_match, best_ratio = None, -1.0
    matcher: SequenceMatcher[str] = SequenceMatcher(None, "", split(prompt), autojunk=False)
    for match in matches:
        matcher.set_seq1(split(match.prompt))
        # The first two are upper bounds of the third, and much faster.
        bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
        if all(ratio() > best_ratio for ratio in bounds):
            best_match, best_ratio = match, matcher.ratio()
    return best_match
