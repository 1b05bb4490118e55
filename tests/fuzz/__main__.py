"""`python -m tests.fuzz TARGET -runs=2000000`: one target under atheris, with any options of libFuzzer.

atheris is no dependency: `pip install atheris` first. What is learned is kept in `.fuzz`, and so is the input of a
failure; `python -m tests.fuzz TARGET FILE` plays a file again.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["cometmagic"]):
    from tests.fuzz.corpus import read_corpus
    from tests.fuzz.targets import SMALL_LIMITS, TARGETS


def main(program: str, name: str, *options: str) -> None:
    """Fuzz a target until its runs are done or a failure is found."""
    for module, limit_name, value in SMALL_LIMITS:
        setattr(module, limit_name, value)
    folder = Path(".fuzz", name)
    folder.mkdir(parents=True, exist_ok=True)
    for content in read_corpus(name):
        (folder / sha256(content).hexdigest()[:16]).write_bytes(content)
    inputs = [] if any(not option.startswith("-") for option in options) else [str(folder)]
    atheris.Setup([program, f"-artifact_prefix={folder}-", *options, *inputs], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv)
