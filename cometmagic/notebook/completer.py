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

from cometmagic.notebook import completion_items
from cometmagic.notebook.completion_items import CompletionItem, CompletionMatch
from cometmagic.notebook.library_magic import ACTIONS
from cometmagic.notebook.namespace import is_result_name
from cometmagic.options import declaration
from cometmagic.options.option_group import Option
from cometmagic.options.option_types import Flag, PreviousResult
from cometmagic.options.settings import find_library_folder

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_MAGIC_LINE = re.compile(r"(\s*(?:[^\W\d][\w.,\[\] ]*=\s*)?)(%{0,2})(gemini_(?:image|panel|library))\s+(.*)")
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*(?:"|$)|'[^']*(?:'|$))+""")
_QUOTATION = re.compile(r""""([^"]*)"?|'([^']*)'?""")
_NO_MATCH: CompletionMatch = ("", [])


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
        fragment, offers = _NO_MATCH
        with contextlib.suppress(Exception):  # a front end would show it in the middle of what is typed
            fragment, offers = self._complete_line(context)
        return {
            "completions": [SimpleCompletion(offer.text, type=offer.kind) for offer in offers],
            "matched_fragment": fragment,
            "suppress": bool(offers),
            "ordered": True,
        }

    def _complete_line(self, context: CompletionContext) -> CompletionMatch:
        lines, number = context.full_text.split("\n"), context.cursor_line
        found = _MAGIC_LINE.fullmatch(lines[number][: context.cursor_position])
        if found is None:
            return _NO_MATCH
        before, signs, name, line = found.groups()
        first = next(index for index, text in enumerate(lines) if text.strip())
        if signs == "%%":
            is_ours = number == first and not before
        else:
            is_ours = not lines[first].startswith("%%gemini_") and (bool(signs) or self._is_automagic(before, name))
        if not is_ours or name not in self._shell.magics_manager.magics["cell" if signs == "%%" else "line"]:
            return _NO_MATCH
        words = [word[0] for word in _WORD.finditer(line)]
        written = words.pop() if words and not _is_after_word(line) else ""
        if name == "gemini_library":
            return _complete_library(words, written)
        return self._complete_options(words, written, is_cell_line=signs == "%%")

    def _is_automagic(self, prefix: str, name: str) -> bool:
        return not prefix.strip() and self._shell.automagic and name not in self._shell.user_ns

    def _complete_options(self, words: list[str], fragment: str, *, is_cell_line: bool) -> CompletionMatch:
        """Return what may follow these words, and replace what is written of the next."""
        by_flag, given = _index_flags(), set()
        waiting: Option | None = None
        for word in words:
            flag, sign, _ = word.partition("=")
            if flag in by_flag:
                option = by_flag[flag]
                given.add(option.name)
                waiting = None if sign or isinstance(option.type, Flag) else option
            elif waiting is None or not (is_cell_line or self._is_value(waiting, word)):
                return _NO_MATCH  # the prompt has begun
            else:
                waiting = None
        flag, sign, value = fragment.partition("=")
        if sign and flag in by_flag:
            return self._complete_argument(by_flag[flag], value)
        flags = _complete_flags(fragment, given) if fragment.startswith("-") or not fragment else []
        if waiting is None or (flags and fragment):
            return fragment, flags
        replaced, offers = self._complete_argument(waiting, fragment)
        if isinstance(waiting.type, PreviousResult):  # which may stand without a value, and on one line with a prompt
            offers = offers + flags
        return replaced, offers

    def _is_value(self, option: Option, word: str) -> bool:
        """Whether a word behind an option is its value and not the beginning of the prompt, as `line.parse` has it."""
        return not isinstance(option.type, PreviousResult) or is_result_name(
            _remove_quotes(word), self._shell.user_ns, find_library_folder()
        )

    def _complete_argument(self, option: Option, fragment: str) -> CompletionMatch:
        hidden = self._shell.user_ns_hidden
        variables = {name: value for name, value in self._shell.user_ns.items() if name not in hidden or name == "Out"}
        plain = _remove_quotes(fragment)
        return _quote_items(fragment, plain, *completion_items.complete_value(option, plain, variables))


def _is_after_word(line: str) -> bool:
    """Whether the cursor stands behind a word and not at its end: a quotation may have spaces in it."""
    *_, last = _WORD.finditer(line)
    return last.end() < len(line)


def _index_flags() -> dict[str, Option]:
    """Return the declared options by every way to write them."""
    known = declaration.list_options().values()
    off = {f"--no-{option.flag[2:]}": option for option in known if isinstance(option.type, Flag)}
    return off | {flag: option for option in known for flag in option.flags}


def _complete_flags(fragment: str, used_options: set[str]) -> list[CompletionItem]:
    """Return the flags that begin as it is written, without those that are on the line and stand there once only."""
    found = []
    for flag, option in _index_flags().items():
        is_off, is_short = flag.startswith("--no-") and flag != option.flag, not flag.startswith("--")
        is_asked_for = fragment.startswith("--n") if is_off else fragment == "-" or not is_short
        if flag.startswith(fragment) and is_asked_for and (option.is_repeatable or option.name not in used_options):
            found.append(CompletionItem(flag, "option"))
    return found


def _complete_library(words: list[str], fragment: str) -> CompletionMatch:
    """Return the actions, and what stands behind one."""
    plain = _remove_quotes(fragment)
    match words:
        case []:
            return fragment, [CompletionItem(name, "action") for name in ACTIONS if name.startswith(fragment)]
        case ["show"]:
            return _quote_items(fragment, plain, plain, completion_items.complete_ids(plain))
        case ["pack"]:
            return _quote_items(
                fragment,
                plain,
                plain,
                [one for one in completion_items.complete_paths(plain) if one.text.endswith("/")],
            )
        case ["slim", *rest]:
            if fragment.startswith("-") or (rest and not fragment):
                return fragment, [
                    CompletionItem(flag, "option") for flag in ("--preview",) if flag.startswith(fragment)
                ]
            return (
                _NO_MATCH
                if rest
                else _quote_items(fragment, plain, plain, list(completion_items.complete_paths(plain, (".ipynb",))))
            )
    return _NO_MATCH


def _remove_quotes(word: str) -> str:
    """Return a word without its quotation marks."""
    return _QUOTATION.sub(lambda found: found[1] or found[2] or "", word)


def _quote_items(fragment: str, word: str, suffix: str, items: list[CompletionItem]) -> CompletionMatch:
    """Return offers for a word as it is written, in quotation marks where they need these, or where it has them."""
    if fragment == word and not any(map(_should_quote, items)):
        return suffix, items
    kept, fitted = word.removesuffix(suffix), []
    for offer in items:
        text, kind = kept + offer.text, offer.kind
        if fragment == word and not _should_quote(offer):
            fitted.append(CompletionItem(text, kind))
            continue
        mark = next((mark for mark in (fragment[:1], '"', "'") if mark in ('"', "'") and mark not in text), "")
        if mark:  # else it cannot be written
            fitted.append(CompletionItem(f"{mark}{text}{'' if text.endswith('/') else mark}", kind))
    return fragment, fitted


def _should_quote(item: CompletionItem) -> bool:
    return re.search(r"[\s\"']", item.text) is not None
