"""Tab on a line of `%%gemini_image`, `%gemini_image`, `%gemini_panel` or `%gemini_library`.

The words before the cursor are read as `line.parse` reads them, which tells what may stand at the cursor;
candidates.py knows what there is of it. IPython asks by its matcher API, for the notebook and for the terminal. In the
prompt, and in the text below `%%gemini_image`, nothing is offered. Whatever goes wrong here shows nowhere.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from cometmagic.notebook import completions
from cometmagic.notebook.completions import Offer, Offers
from cometmagic.notebook.library_magic import ACTIONS
from cometmagic.notebook.namespace import is_result
from cometmagic.options import declaration
from cometmagic.options.option_types import Flag, PreviousResult
from cometmagic.options.settings import find_library_folder

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_MAGIC = re.compile(r"(\s*(?:[^\W\d][\w.,\[\] ]*=\s*)?)(%{0,2})(gemini_(?:image|panel|library))\s+(.*)")
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*(?:"|$)|'[^']*(?:'|$))+""")
_QUOTED = re.compile(r""""([^"]*)"?|'([^']*)'?""")
_NOTHING: Offers = ("", [])


class Completer:
    """What IPython's completer asks."""

    def __init__(self, shell: InteractiveShell) -> None:
        """`shell` has the variables and the magics."""
        self._shell: Any = shell

    def register(self) -> None:
        """Be asked from now on."""
        self._shell.Completer.custom_matchers.append(self.gemini_matcher)

    def unregister(self) -> None:
        """Be asked no more."""
        with contextlib.suppress(ValueError):
            self._shell.Completer.custom_matchers.remove(self.gemini_matcher)

    @context_matcher()  # type: ignore[untyped-decorator, unused-ignore]  # IPython leaves its type open
    def gemini_matcher(self, context: CompletionContext) -> SimpleMatcherResult:
        """Return what may stand at the cursor; nothing else is offered then."""
        fragment, offers = _NOTHING
        with contextlib.suppress(Exception):  # a front end would show it in the middle of what is typed
            fragment, offers = self._offers(context)
        return {
            "completions": [SimpleCompletion(offer.text, type=offer.kind) for offer in offers],
            "matched_fragment": fragment,
            "suppress": bool(offers),
            "ordered": True,
        }

    def _offers(self, context: CompletionContext) -> Offers:
        lines, number = context.full_text.split("\n"), context.cursor_line
        found = _MAGIC.fullmatch(lines[number][: context.cursor_position])
        if found is None:
            return _NOTHING
        before, signs, name, line = found.groups()
        first = next(index for index, text in enumerate(lines) if text.strip())
        if signs == "%%":
            is_ours = number == first and not before
        else:
            is_ours = not lines[first].startswith("%%gemini_") and (bool(signs) or self._is_automatic(before, name))
        if not is_ours or name not in self._shell.magics_manager.magics["cell" if signs == "%%" else "line"]:
            return _NOTHING
        words = [word[0] for word in _WORD.finditer(line)]
        written = words.pop() if words and not _ends_a_word(line) else ""
        if name == "gemini_library":
            return _of_library(words, written)
        return self._of_options(words, written, in_cell=signs == "%%")

    def _is_automatic(self, before: str, name: str) -> bool:
        return not before.strip() and self._shell.automagic and name not in self._shell.user_ns

    def _of_options(self, words: list[str], written: str, *, in_cell: bool) -> Offers:
        """Return what may follow these words, and replace what is written of the next."""
        by_flag, given = _by_flag(), set()
        waiting: declaration.Option | None = None
        for word in words:
            flag, sign, _ = word.partition("=")
            if flag in by_flag:
                option = by_flag[flag]
                given.add(option.name)
                waiting = None if sign or isinstance(option.type, Flag) else option
            elif waiting is None or not (in_cell or self._takes(waiting, word)):
                return _NOTHING  # the prompt has begun
            else:
                waiting = None
        flag, sign, value = written.partition("=")
        if sign and flag in by_flag:
            return self._of_value(by_flag[flag], value)
        flags = _flags(written, given) if written.startswith("-") or not written else []
        if waiting is None or (flags and written):
            return written, flags
        replaced, offers = self._of_value(waiting, written)
        if isinstance(waiting.type, PreviousResult):  # which may stand without a value, and on one line with a prompt
            offers = offers + flags
        return replaced, offers

    def _takes(self, option: declaration.Option, word: str) -> bool:
        """Whether a word behind an option is its value and not the beginning of the prompt, as `line.parse` has it."""
        return not isinstance(option.type, PreviousResult) or is_result(
            _plain(word), self._shell.user_ns, find_library_folder()
        )

    def _of_value(self, option: declaration.Option, written: str) -> Offers:
        hidden = self._shell.user_ns_hidden
        variables = {name: value for name, value in self._shell.user_ns.items() if name not in hidden or name == "Out"}
        plain = _plain(written)
        return _fitted(written, plain, *completions.values(option, plain, variables))


def _ends_a_word(line: str) -> bool:
    """Whether the cursor stands behind a word and not at its end: a quotation may have spaces in it."""
    *_, last = _WORD.finditer(line)
    return last.end() < len(line)


def _by_flag() -> dict[str, declaration.Option]:
    """Return the declared options by every way to write them."""
    known = declaration.list_options().values()
    off = {f"--no-{option.flag[2:]}": option for option in known if isinstance(option.type, Flag)}
    return off | {flag: option for option in known for flag in option.flags}


def _flags(written: str, given: set[str]) -> list[Offer]:
    """Return the flags that begin as it is written, without those that are on the line and stand there once only."""
    found = []
    for flag, option in _by_flag().items():
        is_off, is_short = flag.startswith("--no-") and flag != option.flag, not flag.startswith("--")
        is_asked_for = written.startswith("--n") if is_off else written == "-" or not is_short
        if flag.startswith(written) and is_asked_for and (option.is_repeatable or option.name not in given):
            found.append(Offer(flag, "option"))
    return found


def _of_library(words: list[str], written: str) -> Offers:
    """Return the actions, and what stands behind one."""
    plain = _plain(written)
    match words:
        case []:
            return written, [Offer(name, "action") for name in ACTIONS if name.startswith(written)]
        case ["show"]:
            return _fitted(written, plain, plain, completions.ids(plain))
        case ["pack"]:
            return _fitted(written, plain, plain, [one for one in completions.paths(plain) if one.text.endswith("/")])
        case ["slim", *rest]:
            if written.startswith("-") or (rest and not written):
                return written, [Offer(flag, "option") for flag in ("--preview",) if flag.startswith(written)]
            return _NOTHING if rest else _fitted(written, plain, plain, list(completions.paths(plain, (".ipynb",))))
    return _NOTHING


def _plain(written: str) -> str:
    """Return a word without its quotation marks."""
    return _QUOTED.sub(lambda found: found[1] or found[2] or "", written)


def _fitted(written: str, plain: str, replaced: str, offers: list[Offer]) -> Offers:
    """Return offers for a word as it is written, in quotation marks where they need these, or where it has them."""
    if written == plain and not any(map(_needs_marks, offers)):
        return replaced, offers
    kept, fitted = plain.removesuffix(replaced), []
    for offer in offers:
        text, kind = kept + offer.text, offer.kind
        if written == plain and not _needs_marks(offer):
            fitted.append(Offer(text, kind))
            continue
        mark = next((mark for mark in (written[:1], '"', "'") if mark in ('"', "'") and mark not in text), "")
        if mark:  # else it cannot be written
            fitted.append(Offer(f"{mark}{text}{'' if text.endswith('/') else mark}", kind))
    return written, fitted


def _needs_marks(offer: Offer) -> bool:
    return re.search(r"[\s\"']", offer.text) is not None
