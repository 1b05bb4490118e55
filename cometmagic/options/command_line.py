"""A magic's line as options, options as a line, and the help text: all read the declaration.

Options come first and the prompt after them, as it stands: the prompt of a line magic may hold
apostrophes, dollar signs and braces. Backslashes are plain characters, so Windows paths survive. This
module knows no IPython.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import shlex
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.options.composite_types import Pairs, ValueLists
from cometmagic.options.declaration import GROUPS, list_options
from cometmagic.options.option_group import Option
from cometmagic.options.option_types import Flag, OptionType, PreviousResult, Text
from cometmagic.system.suggestions import suggest

HELP_WIDTH = 100
_LONG_DASHES = re.compile("^-?[\u2012-\u2015\u2212][-\u2012-\u2015\u2212]*")


@dataclass
class ParsedLine:
    """What a line says: options as written, and the words after them."""

    options: dict[str, Any] = field(default_factory=dict)
    prompt: str = ""


class _Tokenizer:
    """The words of a line one by one, with what has not been read yet."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._stream = io.StringIO(text)
        self._lexer = shlex.shlex(self._stream, posix=True)
        self._lexer.whitespace_split = True
        self._lexer.whitespace += "\N{NO-BREAK SPACE}"  # nobody sees it in what was copied from a page
        self._lexer.commenters = ""
        self._lexer.escape = ""

    @property
    def remainder(self) -> str:
        return self.text[self._stream.tell() :].strip()

    def read_word(self, subject: str, missing_message: str = "") -> str:
        """Return the next word, or raise `OptionError`: about `what`, or saying `needs` at the end."""
        try:
            word = self._lexer.get_token()
        except ValueError:
            raise OptionError(
                f"The quotation after {subject} has no end.",
                advice='Write "…" around values with spaces or apostrophes.',
            ) from None
        if word is None:
            raise OptionError(missing_message)
        return word


def parse_line(text: str, is_name: Callable[[str], bool] = bool) -> ParsedLine:
    """Return the options and the prompt of a magic's line.

    `is_name` tells of the word behind `--edit` and the like, whose value may be left out, whether it is that
    value or the first word of the prompt. Raises `OptionError` for an unknown option, with a suggestion.
    """
    by_flag = {flag: option for option in list_options().values() for flag in option.flags}
    line, words = ParsedLine(), _Tokenizer(text.strip())
    while words.remainder.startswith("-") and words.remainder != "-":
        flag, sign, written = words.read_word("the line").partition("=")
        if flag == "--":
            line.prompt = words.remainder
            return line
        option, off = _find_option(flag, by_flag)
        value: str | bool = written
        if isinstance(option.type, Flag) and not sign:
            value = not off
        elif isinstance(option.type, PreviousResult) and not sign and not _has_leading_name(words.remainder, is_name):
            value = True
        elif off:
            raise OptionError(f"{flag} takes no value.")
        elif not sign:
            value = _read_value(words, flag, option.type, by_flag)
        _add_value(line.options, option, value)
    line.prompt = words.remainder
    _check_order(line.prompt, by_flag)
    return line


def parse_first_line(text: str) -> dict[str, Any]:
    """Return the options of a cell's first line. Raises `OptionError`, also for words that are none."""
    parsed = parse_line(text)
    if parsed.prompt.startswith("\\"):
        raise OptionError("A backslash does not continue the options.", advice="Write them all in the first line.")
    if parsed.prompt:
        raise OptionError(f"{parsed.prompt[:60]!r} is no option.", advice="Write the prompt below the first line.")
    return parsed.options


def _read_value(tokenizer: _Tokenizer, flag: str, option_type: OptionType, known_flags: Iterable[str]) -> str:
    """Return the word after a flag, which must not be another flag."""
    what = f"{flag} {option_type.metavar}"
    needs = (
        f"{what} needs a value ({', '.join(option_type.choices)})" if option_type.choices else f"{what} needs a value"
    )
    value = tokenizer.read_word(what, needs)
    if value in known_flags:
        raise OptionError(f"{needs}, and {value} is an option.")
    return value


def _has_leading_name(remainder: str, is_name: Callable[[str], bool]) -> bool:
    """Return whether the next word is the name of something earlier."""
    word = remainder.split(maxsplit=1)[0] if remainder else ""
    return not word.startswith("-") and is_name(word.strip("\"'"))


def _check_order(prompt: str, known_flags: Iterable[str]) -> None:
    """Refuse a prompt with an option in it: a picture would be paid for that was asked for wrongly.

    A short flag counts with a number behind it, as in `-n 4`: a lone letter may be a word.
    """
    plain = "Options come first; after a lone -- all is prompt."
    for word, following in itertools.pairwise([*prompt.split(), ""]):
        meant = _LONG_DASHES.sub("--", word)  # what text programs make of two hyphens
        flag = meant.partition("=")[0]
        is_long = flag.startswith("--") and (flag in known_flags or f"--{flag.removeprefix('--no-')}" in known_flags)
        if is_long and meant != word:
            do = f"Write {meant}. {plain}"
            raise OptionError(f"{word} begins with a dash and not with hyphens.", advice=do)
        if is_long or (flag.startswith("-") and flag in known_flags and following[:1].isdigit()):
            raise OptionError(f"{word} stands behind the prompt.", advice=plain)


def _find_option(flag: str, options_by_flag: dict[str, Option]) -> tuple[Option, bool]:
    """Return the option of a flag, and whether it was switched off (`--no-thoughts`)."""
    if flag in options_by_flag:
        return options_by_flag[flag], False
    positive = options_by_flag.get("--" + flag.removeprefix("--no-"))
    if flag.startswith("--no-") and positive is not None and isinstance(positive.type, Flag):
        return positive, True
    if flag[:2] in options_by_flag and flag[2:3].isdigit():
        raise OptionError(f"There is no option {flag}; did you mean {flag[:2]} {flag[2:]}?")
    raise OptionError(
        f"There is no option {flag}{suggest(flag, options_by_flag)}", advice="%%gemini_image? lists them all."
    )


def _add_value(options: dict[str, Any], option: Option, value: Any) -> None:
    if option.is_repeatable:
        options.setdefault(option.name, []).append(value)
    elif option.name in options:
        raise OptionError(f"{option.flag} is given twice.")
    else:
        options[option.name] = value


def format_flags(option: Option) -> str:
    """Return an option's flags and value as help texts show them: `-a, --aspect-ratio R`."""
    return " ".join(filter(None, (", ".join(option.flags), option.type.metavar)))


def format_option(name: str, value: Any) -> str:
    """Return an option with its value as a line has it: `--aspect-ratio 16:9`, `--safety hate=none`, `--thoughts`.

    Also one that only another version knows.
    """
    option = list_options().get(name) or Option(name, Text(), "", None)
    if value is False:
        return f"--no-{option.flag.removeprefix('--')}"
    values = [value]
    if isinstance(option.type, Pairs) and isinstance(value, dict):
        left, right = (
            {full: short for short, full in side.items()} for side in (option.type.key_table, option.type.value_table)
        )
        values = [f"{left.get(key, key)}={right.get(setting, setting)}" for key, setting in value.items()]
    if isinstance(option.type, ValueLists) and isinstance(value, dict):
        values = [f"{key.replace('_', '-')}={_format_sweep_values(some)}" for key, some in value.items()]
    return " ".join(
        option.flag if value is True else _join_flag_value(option.flag, _quote_value(value)) for value in values
    )


def _join_flag_value(flag: str, word: str) -> str:
    """Return a flag with its value, which may look like a flag itself."""
    return f"{flag}={word}" if word.startswith("-") else f"{flag} {word}"


def _format_sweep_values(raw_value: Any) -> str:
    """Return the values of a sweep; those that commas or line ends would tear apart as a JSON list."""
    values = list(raw_value) if isinstance(raw_value, list | tuple) else [raw_value]
    words = [str(value) for value in values]
    is_plain = all(isinstance(value, str | int | float) for value in values)
    if is_plain and not any(map(_has_separator, words)):
        return ",".join(words)
    return json.dumps(values, ensure_ascii=False)


def _has_separator(word: str) -> bool:
    return "," in word or word.lstrip().startswith("[") or len(word.splitlines()) > 1


def _quote_value(value: Any) -> str:
    """Return a value as `_Words` reads it."""
    match value:
        case float():
            return repr(value).removesuffix(".0")
        case list() | tuple():
            return ",".join(map(_quote_value, value))
        case dict():
            return shlex.quote(json.dumps(value, ensure_ascii=False))
    return shlex.quote(str(value))


def describe(option: Option) -> str:
    """Return an option's help with its choices and its default."""
    notes = [", ".join(option.type.choices)] if option.type.choices else []
    if option.default not in (None, False, {}, ()):
        notes.append(f"default {option.default}")
    return f"{option.help} ({'; '.join(notes)})" if notes else option.help


_INTRODUCTION = """\
Make a picture with a Gemini image model, show it and keep it.

    %%gemini_image --aspect-ratio 16:9 --image-size 2K --thoughts -o bike
    a red bicycle leaning on a sunlit wall

    %gemini_image -a 1:1 a red bicycle"""


def build_help_text() -> str:
    """Return the help of the magic, made from the declaration."""
    blocks = [_INTRODUCTION]
    for group in GROUPS:
        rows = [_format_help_row(option) for option in group.list_options().values()]
        blocks.append(f"{group.TITLE}:\n" + "\n".join(rows))
    return "\n\n".join(blocks) + "\n"


def _format_help_row(option: Option) -> str:
    indent = " " * 30
    told = textwrap.fill(
        describe(option), HELP_WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    head = f"  {format_flags(option)}"
    return f"{head:<29} {told.lstrip()}" if len(head) < len(indent) else f"{head}\n{told}"
