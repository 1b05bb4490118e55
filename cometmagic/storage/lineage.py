"""The parent of a call: an earlier result whose image is edited, or a conversation that is continued.

Both are read from the earlier call's folder, so they survive a kernel restart. `--edit` sends one image in a
single turn; `--chat` sends the earlier turns unchanged, with their thought signatures byte for byte. This module
knows nothing about sending or the notebook's variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cometmagic.errors import ChargeStatus, LibraryError, OptionError
from cometmagic.gemini.decode_turns import decode_model_turn, decode_request
from cometmagic.gemini.encode import has_placeholder
from cometmagic.gemini.parts import (
    MAGIC_BYTES,
    UNKNOWN_TYPE,
    ImagePart,
    Part,
    RawPart,
    TextPart,
    ThoughtSignature,
    sniff,
)
from cometmagic.gemini.request import Turn
from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.options import models
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import find_call, read_calls
from cometmagic.storage.library import Library
from cometmagic.system.formatting import format_path
from cometmagic.system.regular_files import is_regular

MAX_HISTORY_TURNS = 3  # answers of a conversation that are sent again; each may be several MB
MAX_HISTORY_BYTES = 14_000_000  # of images and signatures; base64 adds a third, and the service accepts about 20 MB
CHAT, EDIT = "chat", "edit"


@dataclass(frozen=True)
class ParentContext:
    """The call that a request continues: how, what of it is sent before the prompt, and warnings."""

    folder: CallFolder
    mode: str
    turns: tuple[Turn, ...] = ()
    image: ImagePart | None = None
    warnings: tuple[str, ...] = ()
    replay_contexts: tuple[ParentContext, ...] = ()  # the conversation without signatures, to find a recording by

    def to_dict(self) -> dict[str, str]:
        """Return the parent as JSON values, for call.json."""
        return {"id": self.folder.id, "how": self.mode}


def resolve_parent(edit: Any, chat: Any, library: Library, last_folder: Path | None) -> ParentContext | None:
    """Return the parent of a request, None for a new picture.

    `edit` and `chat` are True for the last result (`last_folder`, otherwise the newest of the library), a call's
    id, or an object with a `folder`. Raises `OptionError` when both are set, and `LibraryError` when there is no
    such call or image.
    """
    is_edit, is_chat = (value is not None and value is not False for value in (edit, chat))  # bool() of an array fails
    if is_edit and is_chat:
        raise OptionError(
            "--edit and --chat cannot both be given.", advice="--chat sends the earlier turns, --edit one image."
        )
    if not is_edit and not is_chat:
        return None
    folder = _find_folder(chat if is_chat else edit, library, last_folder)
    image = _find_final_image(folder)
    return _build_conversation(folder, image) if is_chat else ParentContext(folder, EDIT, image=image)


def _find_folder(value: Any, library: Library, last_folder: Path | None) -> CallFolder:
    if value is True:
        return CallFolder(last_folder) if last_folder is not None else _find_newest(library)
    if isinstance(folder := getattr(value, "folder", None), Path):
        return CallFolder(folder)
    if isinstance(value, str | Path):
        try:
            return find_call(library, str(value))
        except LibraryError as error:
            error.charge_status = ChargeStatus.UNSENT  # a request was about to be sent
            raise
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        raise OptionError("These are several results.", advice="Choose one: NAME[0].")
    advice = "Name a variable with one, or an id of %gemini_library; -i sends any other image."
    raise OptionError(f"{type(value).__name__} is no result.", advice=advice)


def _find_newest(library: Library) -> CallFolder:
    """Return the newest complete call."""
    for folder, _ in read_calls(library):
        if folder.is_complete:
            return folder
    raise LibraryError(
        f"There is no earlier picture in {format_path(library.root)}.", advice="Make one first, or name it."
    )


def _find_final_image(folder: CallFolder) -> ImagePart:
    row = folder.find_final_row()
    if row is None or not folder.has_file(row["name"]):
        message = f"{folder.id} has no final image to go on from."
        raise LibraryError(message, advice="%gemini_library shows what there is.")
    return folder.build_image(row)


def _build_conversation(folder: CallFolder, image: ImagePart) -> ParentContext:
    """Return the conversation so far, or only its last image when the service would not accept the turns."""
    model, turns = models.find_model(folder.read()["model"]), _read_turns(folder)
    if not turns or not all(_can_resend(turn, needs_signature=model is None or model.has_signatures) for turn in turns):
        warning = f"The thought signatures of {folder.id} are not kept here, so its image was sent as with --edit."
        return ParentContext(
            folder, EDIT, image=image, warnings=(warning,), replay_contexts=_build_replay_contexts(folder, turns)
        )
    recent_turns = _trim_turns(turns)
    omitted_count = (len(turns) - len(recent_turns)) // 2
    warnings = (f"The conversation is long: {_format_first_turns(omitted_count)} left out.",) if omitted_count else ()
    return ParentContext(folder, CHAT, turns=recent_turns, warnings=warnings)


def _build_replay_contexts(folder: CallFolder, turns: tuple[Turn, ...]) -> tuple[ParentContext, ...]:
    """Return how a conversation without its signatures may have been sent, the longest version first.

    The number of turns that were sent depended on the size of the signatures too.
    """
    if not all(_can_resend(turn, needs_signature=False) for turn in turns):
        return ()
    recent_turns = _trim_turns(turns)
    return tuple(ParentContext(folder, CHAT, turns=recent_turns[start:]) for start in range(0, len(recent_turns), 2))


def _format_first_turns(count: int) -> str:
    return "its first turn was" if count == 1 else f"its first {count} turns were"


def _read_turns(folder: CallFolder) -> tuple[Turn, ...]:
    """Return the turns of an earlier request and its answer, () when they cannot be read."""
    try:
        request_turns = decode_request(folder.read_body(), folder.build_path)
        model_turn = decode_model_turn(folder.map_answer(), folder.list_images())
    except (LibraryError, MalformedError):
        return ()
    return (*request_turns, model_turn) if request_turns and model_turn.parts else ()


def _can_resend(turn: Turn, *, needs_signature: bool) -> bool:
    """Whether an earlier turn can be sent: its files must exist, be images, and the model's need signatures."""
    for part in turn.parts:
        if isinstance(part, RawPart) and has_placeholder(part):
            return False
        paths = [item.path for item in (part, part.signature) if isinstance(item, ImagePart | ThoughtSignature)]
        if not all(path is None or is_regular(path) for path in paths):
            return False
        if isinstance(part, ImagePart) and not _is_image(part):
            return False
        if needs_signature and turn.role == "model" and isinstance(part, ImagePart) and part.signature is None:
            return False
    return True


def _is_image(part: ImagePart) -> bool:
    """Whether a file is an image by its first bytes, as every reference is."""
    return sniff(part.data[:MAGIC_BYTES]) != UNKNOWN_TYPE


def _trim_turns(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Return the last turns, in pairs of request and answer, that are few and small enough."""
    pairs = [turns[start : start + 2] for start in range(0, len(turns), 2)]
    recent_pairs: list[tuple[Turn, ...]] = []
    size = 0
    for pair in reversed(pairs):
        size += sum(map(_count_bytes, (part for turn in pair for part in turn.parts)))
        if recent_pairs and (len(recent_pairs) == MAX_HISTORY_TURNS or size > MAX_HISTORY_BYTES):
            break
        recent_pairs.insert(0, pair)
    return tuple(turn for pair in recent_pairs for turn in pair)


def _count_bytes(part: Part) -> int:
    """Return the size of a part and its signature; texts do not count."""
    return sum(item.size for item in (part, part.signature) if item and not isinstance(item, TextPart))
