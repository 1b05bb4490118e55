"""What type checkers must refuse: each line that ends in `# refused`, and no other. Nothing of it runs."""

from __future__ import annotations

import cometmagic as cm


def misspell() -> None:
    cm.generate("a cat", aspect_ratoi="16:9")  # refused
    cm.generate_many(["a cat"], aspect_ratoi="16:9")  # refused
    cm.plan("a cat", imagesize="2K")  # refused
    cm.panel("a cat", thought=True)  # refused
    cm.Panel("a cat", thought=True)  # refused


async def misspell_awaited() -> None:
    await cm.agenerate("a cat", sede=7)  # refused
    await cm.agenerate_many(["a cat"], cuont=2)  # refused


def misspell_of_result(result: cm.ImageResult) -> None:
    result.edit("make it blue", image_szie="1K")  # refused
    result.chat("and at night", thougths=True)  # refused


def give_wrong_types() -> None:
    cm.generate("a cat", seed="seven")  # refused
    cm.generate("a cat", thoughts="yes")  # refused
    cm.generate("a cat", safety=["hate"])  # refused
    cm.generate_many("a cat", sweep=["1:1"])  # refused


def ask_one_function_for_several() -> None:
    cm.generate("a cat", count=2)  # refused
    cm.plan("a cat", sweep={"seed": [1, 2]})  # refused


def ask_python_for_what_only_a_cell_has() -> None:
    cm.generate("a cat", background=True)  # refused
    cm.generate("a cat", dry_run=True)  # refused
