"""How the lines of a cell reach the magics where IPython would read them otherwise.

A prompt may end in a question mark, which IPython takes for a question about the magic; comments may stand above
`%%gemini_image`; a tab may follow the name. Only lines with the magics of this extension are changed, and none in a
string. This module knows no shell.
"""

from __future__ import annotations

import re
import tokenize
from typing import Any, Self

from IPython.core.inputtransformer2 import (
    TokenTransformBase,
    assemble_continued_line,
    find_end_of_continued_line,
)

_CELL_MAGIC = re.compile(r"%%gemini_image(?=\s|\Z)[ \t]*")
_LINE_MAGIC = re.compile(r"(?P<target>[^%=#'\"]*=\s*)?%(?P<name>gemini_\w+)(?P<space>[ \t]+)(?P<text>.*)", re.DOTALL)
_BARE_QUESTION = re.compile(r"\s*\?*\s*")


def clean_cell_magic(lines: list[str]) -> list[str]:
    """Return the lines of a cell without comments and blank lines above `%%gemini_image`, and a tab behind it.

    Editors of Windows end lines with two characters, for which no recording would be found: they become one.
    """
    first = next((index for index, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    match = _CELL_MAGIC.match(lines[first]) if first is not None else None
    if first is None or match is None:
        return lines
    options, text = lines[first][match.end() :].strip(), [line.replace("\r\n", "\n") for line in lines[first + 1 :]]
    return [f"%%gemini_image {options}\n" if options else "%%gemini_image\n", *text]


class PromptLine(TokenTransformBase):
    """A line magic whose text ends in a question mark, or stands behind a tab."""

    priority = 4  # before IPython's own transformer of questions

    @classmethod
    def find(cls, tokens_by_line: list[list[Any]]) -> Self | None:
        """Return the first such line, or None. `tokens_by_line` are the tokens of each logical line."""
        for tokens in tokens_by_line:
            first = next((token for token in tokens if token.type not in (tokenize.INDENT, tokenize.DEDENT)), None)
            if first is not None and _is_prompt_line(first.line[first.start[1] :]):
                return cls(first.start)
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """Return the lines with a call of the magic in place of the line."""
        end_line = find_end_of_continued_line(lines, self.start_line)
        line = assemble_continued_line(lines, (self.start_line, self.start_col), end_line)
        match = _LINE_MAGIC.match(line)
        if match is None:
            raise SyntaxError(line)  # IPython goes on with the next transformer
        call = f"get_ipython().run_line_magic({match['name']!r}, {match['text'].rstrip()!r})"
        new_line = f"{lines[self.start_line][: self.start_col]}{match['target'] or ''}{call}\n"
        return [*lines[: self.start_line], new_line, *lines[end_line + 1 :]]


def _is_prompt_line(line: str) -> bool:
    match = _LINE_MAGIC.match(line)
    if match is None or _BARE_QUESTION.fullmatch(match["text"]):
        return False
    return "\t" in match["space"] or line.rstrip().endswith(("?", "\\"))
