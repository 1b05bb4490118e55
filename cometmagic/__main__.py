"""`python -m cometmagic`: the main job without a notebook, and the offline service on a port."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from cometmagic.errors import CometError, OptionError
from cometmagic.line import parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    parser = argparse.ArgumentParser("python -m cometmagic", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="make one picture and say where it is")
    demo.add_argument("prompt", help="what to see, e.g. 'a red bicycle'")
    demo.add_argument("options", nargs=argparse.REMAINDER, help="options of %%%%gemini_image, e.g. --aspect-ratio 16:9")
    serve = commands.add_parser("serve", help="answer as the service does, offline, on this machine")
    serve.add_argument("--port", type=int, default=8765, help="0 takes any free port (default %(default)s)")
    serve.add_argument("--delay", type=float, default=0.0, help="seconds to wait before each answer")
    given = parser.parse_args(arguments)
    if given.command == "serve":
        from cometmagic.offline import app

        return app.run(given.port, given.delay)
    try:
        return _demo(given.prompt, given.options)
    except CometError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _demo(prompt: str, words: Sequence[str]) -> int:
    import shlex

    from cometmagic.session import generate

    line = parse(shlex.join(words))
    if line.prompt:
        raise OptionError(f"{line.prompt!r} is no option.", do="Write the prompt in quotes, before the options.")
    result = generate(prompt, **line.options)
    image = result.image
    made = f"{result.source}: {image.width} x {image.height} px in {result.seconds:.1f} s"
    print(f"{prompt!r} by {result.call['model']}, {made}")
    print(f"Price: {result.price}")
    for note in result.warnings:
        print(f"Note: {note}")
    print(f"Picture: {image.path}")
    print(f"All about the call: {result.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
