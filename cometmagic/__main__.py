"""`python -m cometmagic`: one picture, the models, the doctor, and the offline service on a port."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence

from cometmagic.errors import CometError, OptionError
from cometmagic.options.command_line import parse_line
from cometmagic.options.option_types import Number

PORT_TYPE = Number(0, 65535, is_whole=True)
DELAY_TYPE = Number(0, 3600)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a prompt may have characters that the terminal cannot show
        sys.stdout.reconfigure(errors="backslashreplace")
    namespace = _build_parser().parse_args(_move_prompt_first(sys.argv[1:] if arguments is None else arguments))
    try:
        match namespace.command:
            case "serve":
                return _run_server(namespace.port, namespace.delay)
            case "models":
                return _list_models(is_live=namespace.live)
            case "doctor":
                return _run_doctor()
        return _run_demo(namespace.prompt, namespace.options)
    except CometError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        print(str(interrupt) or "Interrupted.", file=sys.stderr)
        return 130


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m cometmagic", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="make one picture and say where it is")
    demo.add_argument("prompt", help="what to see, e.g. 'a red bicycle'; it may also stand behind the options")
    demo.add_argument("options", nargs=argparse.REMAINDER, help="options of %%%%gemini_image, e.g. --aspect-ratio 16:9")
    commands.add_parser("doctor", help="tell what stands in the way of a call; status 1 when something does")
    models = commands.add_parser("models", help="list what is known of each model")
    models.add_argument("--live", action="store_true", help="add CometAPI's public catalogue, read without a key")
    serve = commands.add_parser("serve", help="answer as the service does, offline, on this machine")
    serve.add_argument(
        "--port", type=_build_converter(PORT_TYPE), default=8765, help="0 takes any free port (default %(default)s)"
    )
    serve.add_argument(
        "--delay", type=_build_converter(DELAY_TYPE), default=0.0, help="seconds to wait before each answer"
    )
    return parser


def _build_converter(number_type: Number) -> Callable[[str], float]:
    def convert(text: str) -> float:
        try:
            return number_type.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def _move_prompt_first(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a command, with the prompt of `demo` moved before its options."""
    command, *rest = arguments or [""]
    if command == "demo" and len(rest) > 1 and rest[0].startswith("-") and " " not in rest[0]:
        return [command, rest[-1], *rest[:-1]]
    return list(arguments)


def _run_server(port: int, delay: float) -> int:
    from cometmagic.offline import server

    return server.run(port, delay)


def _list_models(*, is_live: bool) -> int:
    from cometmagic.display.model_table import build_models_output

    print(build_models_output(is_live=is_live)[0]["text/plain"].rstrip())
    return 0


def _run_doctor() -> int:
    from cometmagic.doctor import examine

    report = examine()
    print(report)
    return int(report.has_errors)


def _run_demo(prompt: str, arguments: Sequence[str]) -> int:
    import shlex

    from cometmagic.display.caption import list_warnings
    from cometmagic.generation.generate import generate

    line = parse_line(shlex.join(arguments))
    if line.prompt:
        raise OptionError(f"{line.prompt!r} is no option.", advice="Write the prompt in quotes, first or last.")
    result = generate(prompt, **line.options)
    image = result.image
    summary = f"{result.source}: {image.width} x {image.height} px in {result.seconds:.1f} s"
    print(f"{prompt!r} by {result.call['model']}, {summary}")
    print(f"Price: {result.price}")
    for note in list_warnings(result):
        print(f"Note: {note}")
    print(f"Picture: {image.path}")
    print(f"All about the call: {result.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
