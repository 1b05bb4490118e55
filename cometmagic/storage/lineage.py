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

from cometmagic.errors import ChargeStatus, LibraryError, OptionError
from cometmagic.gemini.decode import decode_model_turn, decode_request
from cometmagic.gemini.parts import ImagePart, Part, TextPart, ThoughtSignature
from cometmagic.gemini.request import Turn
from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.options import models
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import find_call, read_calls
from cometmagic.storage.library import Library
from cometmagic.system.formatting import format_path

MAX_HISTORY_TURNS = 3  # answers of a conversation that are sent again: each is megabytes
MAX_HISTORY_BYTES = 14_000_000  # bytes of images and signatures; the service takes about 20 MB, base64 a third more
CHAT, EDIT = "chat", "edit"


@dataclass(frozen=True)
class ParentContext:
    """The call that a request goes on from: how, what is sent of it before the prompt, and what to remark."""

    folder: CallFolder
    mode: str
    turns: tuple[Turn, ...] = ()
    image: ImagePart | None = None
    warnings: tuple[str, ...] = ()
    replay_contexts: tuple[
        ParentContext, ...
    ] = ()  # the conversation without its signatures, by which a recording may be found

    def to_dict(self) -> dict[str, str]:
        """Return it as JSON values, for call.json."""
        return {"id": self.folder.id, "how": self.mode}


def resolve_parent(edit: Any, chat: Any, library: Library, last_folder: Path | None) -> ParentContext | None:
    """Return what a request goes on from, None for a new picture.

    `edit` and `chat` are True for the last result (of this session, `last`, else of the library), a call's id, or
    something with a `folder`. Raises `OptionError` when both are given, and `LibraryError` for what is not there.
    """
    if edit and chat:
        raise OptionError(
            "--edit and --chat cannot both be given.", advice="--chat sends the earlier turns, --edit one image."
        )
    if not edit and not chat:
        return None
    folder = _find_folder(edit or chat, library, last_folder)
    image = _find_final_image(folder)
    return _build_conversation(folder, image) if chat else ParentContext(folder, EDIT, image=image)


def _find_folder(value: Any, library: Library, last_folder: Path | None) -> CallFolder:
    if value is True:
        return CallFolder(last_folder) if last_folder is not None else _find_newest(library)
    if isinstance(folder := getattr(value, "folder", None), Path):
        return CallFolder(folder)
    if isinstance(value, str | Path):
        try:
            return find_call(library, str(value))
        except LibraryError as error:
            error.charge_status = ChargeStatus.UNSENT  # it was to be sent now
            raise
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        raise OptionError("These are several results.", advice="Choose one: NAME[0].")
    do = "Name a variable with one, or an id of %gemini_library; -i sends any other image."
    raise OptionError(f"{type(value).__name__} is no result.", advice=do)


def _find_newest(library: Library) -> CallFolder:
    """Return the newest call that made a picture."""
    for folder, _ in read_calls(library):
        if folder.is_complete:
            return folder
    raise LibraryError(
        f"There is no earlier picture in {format_path(library.root)}.", advice="Make one first, or name it."
    )


def _find_final_image(folder: CallFolder) -> ImagePart:
    rows = [row for row in folder.read().get("files", []) if row["role"] == "image"]
    if not rows or not (folder.path / rows[0]["name"]).is_file():
        raise LibraryError(
            f"{folder.id} has no final image to go on from.", advice="%gemini_library shows what there is."
        )
    return folder.build_image(rows[0])


def _build_conversation(folder: CallFolder, image: ImagePart) -> ParentContext:
    """Return the conversation so far, or its last image alone when the service would not take it back."""
    model, turns = models.find_model(folder.read()["model"]), _read_turns(folder)
    if not turns or not all(_can_resend(turn, needs_signature=model is None or model.has_signatures) for turn in turns):
        why = f"The thought signatures of {folder.id} are not kept here, so its image was sent as with --edit."
        return ParentContext(
            folder, EDIT, image=image, warnings=(why,), replay_contexts=_build_replay_contexts(folder, turns)
        )
    kept = _trim_turns(turns)
    cut = (len(turns) - len(kept)) // 2
    notes = (f"The conversation is long: {_format_first_turns(cut)} left out.",) if cut else ()
    return ParentContext(folder, CHAT, turns=kept, warnings=notes)


def _build_replay_contexts(folder: CallFolder, turns: tuple[Turn, ...]) -> tuple[ParentContext, ...]:
    """Return the ways in which a conversation whose signatures are gone may have been sent, the longest first.

    How many turns went along depended on the size of the signatures too.
    """
    if not all(_can_resend(turn, needs_signature=False) for turn in turns):
        return ()
    kept = _trim_turns(turns)
    return tuple(ParentContext(folder, CHAT, turns=kept[at:]) for at in range(0, len(kept), 2))


def _format_first_turns(count: int) -> str:
    return "its first turn was" if count == 1 else f"its first {count} turns were"


def _read_turns(folder: CallFolder) -> tuple[Turn, ...]:
    """Return the turns of an earlier request and of its answer, none when they cannot be read."""
    try:
        asked = decode_request(folder.read_body(), folder.path)
        answered = decode_model_turn((folder.path / "answer.json").read_bytes(), folder.list_images())
    except (LibraryError, MalformedError, OSError):
        return ()
    return (*asked, answered) if asked and answered.parts else ()


def _can_resend(turn: Turn, *, needs_signature: bool) -> bool:
    """Whether the service takes an earlier turn: its files must be there, and an image of the model signed."""
    for part in turn.parts:
        kept = [one.path for one in (part, part.signature) if one and not isinstance(one, TextPart)]
        if not all(path is None or path.is_file() for path in kept):
            return False
        if needs_signature and turn.role == "model" and isinstance(part, ImagePart) and part.signature is None:
            return False
    return True


def _trim_turns(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Return the last turns, in pairs of question and answer, that are few and small enough."""
    pairs = [turns[at : at + 2] for at in range(0, len(turns), 2)]
    kept: list[tuple[Turn, ...]] = []
    size = 0
    for pair in reversed(pairs):
        size += sum(map(_count_bytes, (part for turn in pair for part in turn.parts)))
        if kept and (len(kept) == MAX_HISTORY_TURNS or size > MAX_HISTORY_BYTES):
            break
        kept.insert(0, pair)
    return tuple(turn for pair in kept for turn in pair)


def _count_bytes(part: Part) -> int:
    """Return the bytes of what a part carries beside words."""
    return sum(one.size for one in (part, part.signature) if isinstance(one, ImagePart | ThoughtSignature))
