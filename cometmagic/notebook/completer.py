"""Tab on a line of `%%gemini_image`, `%gemini_image`, `%gemini_panel`, `%gemini_library` or `%gemini_models`.

The words before the cursor are read as `command_line.parse_line` reads them, which decides what can follow;
completion_items.py lists the possible values. IPython calls the matcher, in notebooks and terminals. There is no
completion in a prompt, nor in the text below `%%gemini_image`. Errors in this module are not shown.
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

_MAGIC_LINE = re.compile(r"(\s*(?:[^\W\d][\w.,\[\] ]*=\s*)?)(%{0,2})(gemini_(?:image|panel|library|models))\s+(.*)")
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*(?:"|$)|'[^']*(?:'|$))+""")
_QUOTATION = re.compile(r""""([^"]*)"?|'([^']*)'?""")
_NO_MATCH: CompletionMatch = ("", [])
LIVE_FLAG = "--live"  # of %gemini_models


class Completer:
    """The matcher that IPython's completer calls."""

    def __init__(self, shell: InteractiveShell) -> None:
        """`shell` holds the variables and the magics."""
        self._shell: Any = shell

    def register(self) -> None:
        """Add the matcher to IPython's completer."""
        self._shell.Completer.custom_matchers.append(self.gemini_matcher)

    def unregister(self) -> None:
        """Remove the matcher from IPython's completer."""
        with contextlib.suppress(ValueError):
            self._shell.Completer.custom_matchers.remove(self.gemini_matcher)

    @context_matcher()  # type: ignore[untyped-decorator, unused-ignore]  # IPython leaves its type open
    def gemini_matcher(self, context: CompletionContext) -> SimpleMatcherResult:
        """Return the completions at the cursor; if there are any, those of other matchers are suppressed."""
        fragment, items = _NO_MATCH
        with contextlib.suppress(Exception):  # a front end would show the error in the middle of the line
            fragment, items = self._complete_line(context)
        return {
            "completions": [SimpleCompletion(item.text, type=item.kind) for item in items],
            "matched_fragment": fragment,
            "suppress": bool(items),
            "ordered": True,
        }

    def _complete_line(self, context: CompletionContext) -> CompletionMatch:
        lines, number = context.full_text.split("\n"), context.cursor_line
        match = _MAGIC_LINE.fullmatch(lines[number][: context.cursor_position])
        if match is None:
            return _NO_MATCH
        prefix, signs, name, line = match.groups()
        first = next(index for index, text in enumerate(lines) if text.strip())
        if signs == "%%":
            is_magic = number == first and not prefix
        else:
            is_magic = not lines[first].startswith("%%gemini_") and (bool(signs) or self._is_automagic(prefix, name))
        if not is_magic or name not in self._shell.magics_manager.magics["cell" if signs == "%%" else "line"]:
            return _NO_MATCH
        words = [word[0] for word in _WORD.finditer(line)]
        fragment = words.pop() if words and not _is_after_word(line) else ""
        if name == "gemini_library":
            return _complete_library(words, fragment)
        if name == "gemini_models":
            is_flag = not words and LIVE_FLAG.startswith(fragment)
            return (fragment, [CompletionItem(LIVE_FLAG, "option")]) if is_flag else _NO_MATCH
        return self._complete_options(words, fragment, is_cell_line=signs == "%%")

    def _is_automagic(self, prefix: str, name: str) -> bool:
        return not prefix.strip() and self._shell.automagic and name not in self._shell.user_ns

    def _complete_options(self, words: list[str], fragment: str, *, is_cell_line: bool) -> CompletionMatch:
        """Return what can follow these words; it replaces the `fragment` of the next word."""
        options = _index_flags()
        option_state = self._read_options(words, options, is_cell_line=is_cell_line)
        if option_state is None:
            return _NO_MATCH
        used_options, open_option = option_state
        flag, sign, value = fragment.partition("=")
        if sign and flag in options:
            return self._complete_argument(options[flag], value)
        flags = _complete_flags(fragment, used_options) if fragment.startswith("-") or not fragment else []
        if open_option is None or (flags and fragment):
            return fragment, flags
        suffix, items = self._complete_argument(open_option, fragment)
        if isinstance(open_option.type, PreviousResult):  # its value is optional
            items = items + flags
        return suffix, items

    def _read_options(
        self, words: list[str], options: dict[str, Option], *, is_cell_line: bool
    ) -> tuple[set[str], Option | None] | None:
        """Return the names of the options in `words`, and the last one if it has no value yet; None in a prompt."""
        used_options: set[str] = set()
        open_option: Option | None = None
        for word in words:
            flag, sign, _ = word.partition("=")
            if flag in options:
                option = options[flag]
                used_options.add(option.name)
                open_option = None if sign or isinstance(option.type, Flag) else option
            elif open_option is None or not (is_cell_line or self._is_value(open_option, word)):
                return None  # the prompt has begun
            else:
                open_option = None
        return used_options, open_option

    def _is_value(self, option: Option, word: str) -> bool:
        """Whether a word after an option is its value and not the start of the prompt, as in `parse_line`."""
        return not isinstance(option.type, PreviousResult) or is_result_name(
            _remove_quotes(word), self._shell.user_ns, find_library_folder()
        )

    def _complete_argument(self, option: Option, fragment: str) -> CompletionMatch:
        hidden = self._shell.user_ns_hidden
        variables = {name: value for name, value in self._shell.user_ns.items() if name not in hidden or name == "Out"}
        word = _remove_quotes(fragment)
        return _quote_items(fragment, word, *completion_items.complete_value(option, word, variables))


def _is_after_word(line: str) -> bool:
    """Whether a space separates the cursor from the last word; a quoted word can contain spaces."""
    *_, last = _WORD.finditer(line)
    return last.end() < len(line)


def _index_flags() -> dict[str, Option]:
    """Return the declared options by each of their flags, `--no-` flags included."""
    options = declaration.list_options().values()
    off_flags = {f"--no-{option.flag[2:]}": option for option in options if isinstance(option.type, Flag)}
    return off_flags | {flag: option for option in options for flag in option.flags}


def _complete_flags(fragment: str, used_options: set[str]) -> list[CompletionItem]:
    """Return the flags that start with `fragment`, except those already on the line that cannot be repeated."""
    items = []
    for flag, option in _index_flags().items():
        is_off, is_short = flag.startswith("--no-") and flag != option.flag, not flag.startswith("--")
        is_relevant = fragment.startswith("--n") if is_off else fragment == "-" or not is_short
        if flag.startswith(fragment) and is_relevant and (option.is_repeatable or option.name not in used_options):
            items.append(CompletionItem(flag, "option"))
    return items


def _complete_library(words: list[str], fragment: str) -> CompletionMatch:
    """Return the actions, or the arguments of an action."""
    word = _remove_quotes(fragment)
    match words:
        case []:
            return fragment, [CompletionItem(name, "action") for name in ACTIONS if name.startswith(fragment)]
        case ["show"]:
            return _quote_items(fragment, word, word, completion_items.complete_ids(word))
        case ["pack"]:
            folders = [item for item in completion_items.complete_paths(word) if item.text.endswith("/")]
            return _quote_items(fragment, word, word, folders)
        case ["slim", *arguments]:
            if fragment.startswith("-") or (arguments and not fragment):
                return fragment, [CompletionItem("--preview", "option")] if "--preview".startswith(fragment) else []
            if not arguments:
                notebooks = list(completion_items.complete_paths(word, (".ipynb",)))
                return _quote_items(fragment, word, word, notebooks)
    return _NO_MATCH


def _remove_quotes(word: str) -> str:
    """Return a word without its quotation marks."""
    return _QUOTATION.sub(lambda match: match[1] or match[2] or "", word)


def _quote_items(fragment: str, word: str, suffix: str, items: list[CompletionItem]) -> CompletionMatch:
    """Return items that replace `fragment`, in quotation marks where they need them or where `fragment` has them.

    `word` is `fragment` without quotation marks; `items` replace its `suffix`.
    """
    if fragment == word and not any(map(_should_quote, items)):
        return suffix, items
    prefix, quoted_items = word.removesuffix(suffix), []
    for item in items:
        text = prefix + item.text
        if fragment == word and not _should_quote(item):
            quoted_items.append(CompletionItem(text, item.kind))
            continue
        quote = next((mark for mark in (fragment[:1], '"', "'") if mark in ('"', "'") and mark not in text), "")
        if quote:  # a text with both marks cannot be quoted
            quoted_items.append(CompletionItem(f"{quote}{text}{'' if text.endswith('/') else quote}", item.kind))
    return fragment, quoted_items


def _should_quote(item: CompletionItem) -> bool:
    return re.search(r"[\s\"']", item.text) is not None
