"""The options of a magic: reads them from a line, and writes them as one.

Options come first, and the rest of the line is the prompt, unchanged: it may contain apostrophes, dollar signs and
braces. Backslashes are plain characters, so Windows paths work. This module does not know IPython.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.options.composite_types import Pairs, ValueLists
from cometmagic.options.declaration import list_options
from cometmagic.options.option_group import Option
from cometmagic.options.option_types import Flag, OptionType, PreviousResult, Text
from cometmagic.system.secret_patterns import mask_secrets
from cometmagic.system.suggestions import suggest

_LONG_DASHES = re.compile("^-?[\u2012-\u2015\u2212][-\u2012-\u2015\u2212]*")


@dataclass
class ParsedLine:
    """The options of a line, as unparsed text, and the prompt after them."""

    options: dict[str, Any] = field(default_factory=dict)
    prompt: str = ""


class _Tokenizer:
    """Splits a line into words, and gives the text that follows the words read so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._stream = io.StringIO(text)
        self._lexer = shlex.shlex(self._stream, posix=True)
        self._lexer.whitespace_split = True
        self._lexer.whitespace += "\N{NO-BREAK SPACE}"  # invisible in text copied from a web page
        self._lexer.commenters = ""
        self._lexer.escape = ""

    @property
    def remainder(self) -> str:
        return self.text[self._stream.tell() :].strip()

    def read_word(self, subject: str, missing_message: str = "") -> str:
        """Return the next word.

        Raises `OptionError`: with `missing_message` at the end of the line, about `subject` for an open quotation.
        """
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

    The value of `--edit` and `--chat` may be left out: `is_name` decides whether the next word is that value or the
    first word of the prompt. Raises `OptionError` for an unknown option, with a suggestion.
    """
    options_by_flag = {flag: option for option in list_options().values() for flag in option.flags}
    line, tokenizer = ParsedLine(), _Tokenizer(text.strip())
    while tokenizer.remainder.startswith("-") and tokenizer.remainder != "-":
        flag, equals_sign, value_text = tokenizer.read_word("the line").partition("=")
        if flag == "--":
            line.prompt = tokenizer.remainder
            return line
        option, is_negated = _find_option(flag, options_by_flag)
        if equals_sign and is_negated:
            raise OptionError(f"{flag} takes no value.")
        value: str | bool = value_text
        if not equals_sign and isinstance(option.type, Flag):
            value = not is_negated
        elif not equals_sign:
            value = _read_value(tokenizer, flag, option.type, options_by_flag, is_name)
        _add_value(line.options, option, value)
    line.prompt = tokenizer.remainder
    _check_order(line.prompt, options_by_flag)
    return line


def parse_first_line(text: str) -> dict[str, Any]:
    """Return the options of a cell's first line. Raises `OptionError`, also for other words."""
    line = parse_line(text)
    if line.prompt.startswith("\\"):
        raise OptionError("A backslash does not continue the options.", advice="Write them all in the first line.")
    if line.prompt:
        raise OptionError(
            f"{mask_secrets(line.prompt)[:60]!r} is no option.", advice="Write the prompt below the first line."
        )
    return line.options


def _read_value(
    tokenizer: _Tokenizer,
    flag: str,
    option_type: OptionType,
    known_flags: Iterable[str],
    is_name: Callable[[str], bool],
) -> str | bool:
    """Return the word after a flag, which must not be another flag, or True when the value is left out."""
    if isinstance(option_type, PreviousResult) and not _has_leading_name(tokenizer.remainder, is_name):
        return True
    subject = f"{flag} {option_type.metavar}"
    choices = f" ({', '.join(option_type.choices)})" if option_type.choices else ""
    message = f"{subject} needs a value{choices}"
    value = tokenizer.read_word(subject, message)
    if value in known_flags:
        raise OptionError(f"{message}, and {value} is an option.")
    return value


def _has_leading_name(remainder: str, is_name: Callable[[str], bool]) -> bool:
    """Return whether the next word is the name of an earlier result."""
    word = remainder.split(maxsplit=1)[0] if remainder else ""
    return not word.startswith("-") and is_name(word.strip("\"'"))


def _check_order(prompt: str, known_flags: Iterable[str]) -> None:
    """Raise `OptionError` for a prompt that contains an option: the wrong image would be paid for.

    A short flag counts only with a number after it, as in `-n 4`: a single letter may be a word.
    """
    advice = "Options come first; after a lone -- all is prompt."
    for word, next_word in itertools.pairwise([*prompt.split(), ""]):
        hyphenated_word = _LONG_DASHES.sub("--", word)  # word processors turn two hyphens into a dash
        flag = hyphenated_word.partition("=")[0]
        is_long = flag.startswith("--") and (flag in known_flags or f"--{flag.removeprefix('--no-')}" in known_flags)
        if is_long and hyphenated_word != word:
            raise OptionError(
                f"{word} begins with a dash and not with hyphens.", advice=f"Write {hyphenated_word}. {advice}"
            )
        if is_long or (flag.startswith("-") and flag in known_flags and next_word[:1].isdigit()):
            raise OptionError(f"{word} stands behind the prompt.", advice=advice)


def _find_option(flag: str, options_by_flag: dict[str, Option]) -> tuple[Option, bool]:
    """Return the option of a flag, and whether it was switched off (`--no-thoughts`)."""
    if flag in options_by_flag:
        return options_by_flag[flag], False
    option = options_by_flag.get("--" + flag.removeprefix("--no-"))
    if flag.startswith("--no-") and option is not None and isinstance(option.type, Flag):
        return option, True
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


def format_option(name: str, value: Any) -> str:
    """Return an option as it is written on a line: `--aspect-ratio 16:9`, `--safety hate=none`, `--thoughts`.

    The name may be unknown: a recording may come from another version.
    """
    option = list_options().get(name) or Option(name, Text(), "", None)
    if value is False:
        return f"--no-{option.flag.removeprefix('--')}"
    values = [value]
    if isinstance(option.type, Pairs) and isinstance(value, dict):
        short_keys, short_values = (
            {full: short for short, full in table.items()} for table in (option.type.key_table, option.type.value_table)
        )
        values = [f"{short_keys.get(key, key)}={short_values.get(item, item)}" for key, item in value.items()]
    if isinstance(option.type, ValueLists) and isinstance(value, dict):
        values = [f"{key.replace('_', '-')}={_format_sweep_values(items)}" for key, items in value.items()]
    return " ".join(
        option.flag if value is True else _join_flag_value(option.flag, _quote_value(value)) for value in values
    )


def _join_flag_value(flag: str, word: str) -> str:
    """Return a flag and its value, joined with `=` when the value looks like a flag."""
    return f"{flag}={word}" if word.startswith("-") else f"{flag} {word}"


def _format_sweep_values(raw_value: Any) -> str:
    """Return the values of a sweep: with commas between them, or as a JSON list when that would split a value."""
    values = list(raw_value) if isinstance(raw_value, list | tuple) else [raw_value]
    words = [str(value) for value in values]
    is_plain = all(isinstance(value, str | int | float) for value in values)
    if is_plain and not any(map(_has_separator, words)):
        return ",".join(words)
    return json.dumps(values, ensure_ascii=False)


def _has_separator(word: str) -> bool:
    return "," in word or word.lstrip().startswith("[") or len(word.splitlines()) > 1


def _quote_value(value: Any) -> str:
    """Return a value, quoted so that `_Tokenizer` reads it back."""
    match value:
        case float():
            return repr(value).removesuffix(".0")
        case list() | tuple():
            return ",".join(map(_quote_value, value))
        case dict():
            return shlex.quote(json.dumps(value, ensure_ascii=False))
    return shlex.quote(str(value))
