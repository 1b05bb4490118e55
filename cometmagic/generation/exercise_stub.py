"""Recognizes the placeholder of an exercise, so that a cell nobody has filled in yet buys no picture of it.

Sources: the stubs of nbgrader, otter-grader and common courses.
"""

from __future__ import annotations

import re

_MAX_LENGTH = 500  # characters; what is longer is a prompt
_LINE = re.compile(
    r"\s*(?:#+\s*)?(?:\W*your (?:code|prompt|answer|text|solution|idea)(?: goes)? here\W*|\.\.\.|…|pass"
    r"|raise NotImplementedError(?:\(.*\))?|(?:BEGIN|END) (?:SOLUTION|ANSWER|PROMPT).*"
    r"|<[^<>]*\b(?:your|prompt|here)\b[^<>]*>|\[[^\[\]]*\b(?:your|here)\b[^\[\]]*\])\s*"
    r"|\s*#+\s*(?:TODO|FIXME|EXERCISE|(?:write|put|enter|type|insert|add|replace|describe|complete|fill)\b).*|\s*",
    re.IGNORECASE,
)


def is_exercise_stub(prompt: str) -> bool:
    """Whether a prompt is nothing but the placeholder of an exercise."""
    text = prompt.strip()
    return 0 < len(text) <= _MAX_LENGTH and all(map(_LINE.fullmatch, text.splitlines()))
