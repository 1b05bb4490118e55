"""What there is for a request without a recording: one that asks for the same, or the nearest, which an error names.

This module sends nothing and knows nothing about the other sources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from cometmagic.errors import LibraryError, OptionError
from cometmagic.gemini.decode_turns import decode_request
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.declaration import Options
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import find_recordings, iter_recordings
from cometmagic.storage.library import Library
from cometmagic.storage.request_diff import SPACES_DIFFERENCE, Difference, find_differences, format_differences
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


def find_replays(library: Library, requests: Sequence[tuple[str, ImageRequest]]) -> dict[str, list[CallFolder]]:
    """Return the recordings that can take the place of requests, which come with their hashes, by hash.

    Where no recording has the hash, it is the newest that sent the same: an image that was encoded here then may be a
    file now. Or one whose prompt differs only by line ends and blanks at the ends of lines: editors change both, and
    nobody sees it.
    """
    counts = Counter(request_hash for request_hash, _ in requests)
    recordings = find_recordings(library, counts)
    missing: dict[str, dict[str, ImageRequest]] = {}
    for request_hash, request in requests:
        if not recordings[request_hash]:
            missing.setdefault(_drop_invisible(request.prompt), {})[request_hash] = request
    for folder, call in iter_recordings(library) if missing else ():
        for request_hash, request in missing.get(_drop_invisible(call["prompt"]), {}).items():
            folders = recordings[request_hash]
            if len(folders) < counts[request_hash] and _is_same_but_invisible(folder, request):
                folders.insert(0, folder)
    return recordings


def _is_same_but_invisible(folder: CallFolder, request: ImageRequest) -> bool:
    acceptable_differences = [[SPACES_DIFFERENCE], *([[]] if request.references else [])]
    match = _read_match(folder, request)
    return (
        match is not None
        and _drop_invisible(match.prompt) == _drop_invisible(request.prompt)
        and [difference.text for difference in match.differences] in acceptable_differences
    )


def _drop_invisible(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip()


@dataclass(frozen=True)
class _RecordingMatch:
    """A recording, its prompt, and how it differs from the request."""

    folder: CallFolder
    prompt: str
    differences: list[Difference]


def _find_nearest(library: Library, request: ImageRequest) -> _RecordingMatch | None:
    """Return the recording with the fewest differences; of several, the most similar prompt, then the newest."""
    nearest, best_ratio, similarity = None, -1.0, _PromptSimilarity(request.prompt)
    for match in _iter_matches(library, request):  # one at a time: a prompt may have megabytes
        lead = len(nearest.differences) - len(match.differences) if nearest is not None else 1
        if lead < 0:
            continue
        ratio = similarity.measure(match.prompt, best_ratio if lead == 0 else -1.0)
        if lead > 0 or ratio > best_ratio:
            nearest, best_ratio = match, ratio
    return nearest


def _iter_matches(library: Library, request: ImageRequest) -> Iterator[_RecordingMatch]:
    for folder, _ in islice(iter_recordings(library), MAX_RECORDINGS):
        if match := _read_match(folder, request):
            yield match


def _read_match(folder: CallFolder, request: ImageRequest) -> _RecordingMatch | None:
    """Compare a recording with a request; None for one that is damaged."""
    try:
        turns, call = decode_request(folder.read_body(), folder.build_path), folder.read()
    except LibraryError:
        return None
    if not turns:
        return None
    recorded_request = ImageRequest(turns, Options())
    return _RecordingMatch(folder, recorded_request.prompt, find_differences(request, recorded_request, call))


class _PromptSimilarity:
    """Measures how similar other prompts are to one."""

    def __init__(self, prompt: str) -> None:
        self._is_short = len(prompt) <= SHORT_PROMPT_LENGTH
        self._matcher: SequenceMatcher[str] = SequenceMatcher(None, "", self._split(prompt), autojunk=False)

    def measure(self, prompt: str, minimum: float) -> float:
        """Return a number from 0 to 1, or `minimum` when it is not above that."""
        matcher = self._matcher
        matcher.set_seq1(self._split(prompt))
        # The first two are upper bounds of the third, and much faster.
        bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
        return matcher.ratio() if all(ratio() > minimum for ratio in bounds) else minimum

    def _split(self, text: str) -> Sequence[str]:
        units: Sequence[str] = text if self._is_short else text.split(maxsplit=MAX_PROMPT_UNITS)
        return units[:MAX_PROMPT_UNITS]
