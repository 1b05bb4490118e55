"""What a call goes on from: an earlier result whose image is edited, or a conversation that is continued.

Both are read from the earlier call's folder, so they outlive the kernel. `--edit` sends one image in a turn of
its own; `--chat` sends the earlier turns as they were, with their thought signatures byte for byte. This module
knows nothing of sending, and nothing of the notebook's variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cometmagic.errors import Fate, LibraryError, OptionError
from cometmagic.gemini.decode import decode_request, model_turn
from cometmagic.gemini.parts import ImagePart, Part, Signature, TextPart
from cometmagic.gemini.request import Turn
from cometmagic.gemini.tolerant.scanner import MalformedError
from cometmagic.options import models
from cometmagic.storage.index import calls, lookup
from cometmagic.storage.store import CallFolder, Library
from cometmagic.system.atomic_files import near

MOST_TURNS = 3  # answers of a conversation that are sent again: each is megabytes
LARGEST_HISTORY = 14_000_000  # bytes of images and signatures; the service takes about 20 MB, base64 a third more
CHAT, EDIT = "chat", "edit"


@dataclass(frozen=True)
class Origin:
    """The call that a request goes on from: how, what is sent of it before the prompt, and what to remark."""

    folder: CallFolder
    how: str
    turns: tuple[Turn, ...] = ()
    image: ImagePart | None = None
    notes: tuple[str, ...] = ()
    recorded: tuple[Origin, ...] = ()  # the conversation without its signatures, by which a recording may be found

    def record(self) -> dict[str, str]:
        """Return it as JSON values, for call.json."""
        return {"id": self.folder.id, "how": self.how}


def origin(edit: Any, chat: Any, library: Library, last: Path | None) -> Origin | None:
    """Return what a request goes on from, None for a new picture.

    `edit` and `chat` are True for the last result (of this session, `last`, else of the library), a call's id, or
    something with a `folder`. Raises `OptionError` when both are given, and `LibraryError` for what is not there.
    """
    if edit and chat:
        raise OptionError(
            "--edit and --chat cannot both be given.", do="--chat sends the earlier turns, --edit one image."
        )
    if not edit and not chat:
        return None
    folder = _folder(edit or chat, library, last)
    image = _final(folder)
    return _continued(folder, image) if chat else Origin(folder, EDIT, image=image)


def _folder(given: Any, library: Library, last: Path | None) -> CallFolder:
    if given is True:
        return CallFolder(last) if last is not None else _newest(library)
    if isinstance(folder := getattr(given, "folder", None), Path):
        return CallFolder(folder)
    if isinstance(given, str | Path):
        try:
            return lookup(library, str(given))
        except LibraryError as error:
            error.fate = Fate.UNSENT  # it was to be sent now
            raise
    if isinstance(given, Sequence) and not isinstance(given, bytes | bytearray):
        raise OptionError("These are several results.", do="Choose one: NAME[0].")
    do = "Name a variable with one, or an id of %gemini_library; -i sends any other image."
    raise OptionError(f"{type(given).__name__} is no result.", do=do)


def _newest(library: Library) -> CallFolder:
    """Return the newest call that made a picture."""
    for folder, _ in calls(library):
        if folder.is_whole:
            return folder
    raise LibraryError(f"There is no earlier picture in {near(library.root)}.", do="Make one first, or name it.")


def _final(folder: CallFolder) -> ImagePart:
    rows = [row for row in folder.read().get("files", []) if row["role"] == "image"]
    if not rows or not (folder.path / rows[0]["name"]).is_file():
        raise LibraryError(f"{folder.id} has no final image to go on from.", do="%gemini_library shows what there is.")
    return folder.image(rows[0])


def _continued(folder: CallFolder, image: ImagePart) -> Origin:
    """Return the conversation so far, or its last image alone when the service would not take it back."""
    model, turns = models.lookup(folder.read()["model"]), _turns(folder)
    if not turns or not all(_may_return(turn, signed=model is None or model.signs) for turn in turns):
        why = f"The thought signatures of {folder.id} are not kept here, so its image was sent as with --edit."
        return Origin(folder, EDIT, image=image, notes=(why,), recorded=_recorded(folder, turns))
    kept = _trimmed(turns)
    cut = (len(turns) - len(kept)) // 2
    notes = (f"The conversation is long: {_first(cut)} left out.",) if cut else ()
    return Origin(folder, CHAT, turns=kept, notes=notes)


def _recorded(folder: CallFolder, turns: tuple[Turn, ...]) -> tuple[Origin, ...]:
    """Return the ways in which a conversation whose signatures are gone may have been sent, the longest first.

    How many turns went along depended on the size of the signatures too.
    """
    if not all(_may_return(turn, signed=False) for turn in turns):
        return ()
    kept = _trimmed(turns)
    return tuple(Origin(folder, CHAT, turns=kept[at:]) for at in range(0, len(kept), 2))


def _first(turns: int) -> str:
    return "its first turn was" if turns == 1 else f"its first {turns} turns were"


def _turns(folder: CallFolder) -> tuple[Turn, ...]:
    """Return the turns of an earlier request and of its answer, none when they cannot be read."""
    try:
        asked = decode_request(folder.body(), folder.path)
        answered = model_turn((folder.path / "answer.json").read_bytes(), folder.files())
    except (LibraryError, MalformedError, OSError):
        return ()
    return (*asked, answered) if asked and answered.parts else ()


def _may_return(turn: Turn, *, signed: bool) -> bool:
    """Whether the service takes an earlier turn: its files must be there, and an image of the model signed."""
    for part in turn.parts:
        kept = [one.path for one in (part, part.signature) if one and not isinstance(one, TextPart)]
        if not all(path is None or path.is_file() for path in kept):
            return False
        if signed and turn.role == "model" and isinstance(part, ImagePart) and part.signature is None:
            return False
    return True


def _trimmed(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Return the last turns, in pairs of question and answer, that are few and small enough."""
    pairs = [turns[at : at + 2] for at in range(0, len(turns), 2)]
    kept: list[tuple[Turn, ...]] = []
    size = 0
    for pair in reversed(pairs):
        size += sum(map(_weight, (part for turn in pair for part in turn.parts)))
        if kept and (len(kept) == MOST_TURNS or size > LARGEST_HISTORY):
            break
        kept.insert(0, pair)
    return tuple(turn for pair in kept for turn in pair)


def _weight(part: Part) -> int:
    """Return the bytes of what a part carries beside words."""
    return sum(one.size for one in (part, part.signature) if isinstance(one, ImagePart | Signature))
