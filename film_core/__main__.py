"""`python -m film_core VERB …`"""

import argparse
import importlib
import sys

from film_core.errors import FilmError, unknown_name

VERBS = (
    "fuse",
    "metrics",
    "study",
    "batch",
    "weights",
    "doctor",
    "warmup",
    "convert",
    "describe",
    "encode",
    "prepare",
    "train",
    "train-steer",
    "test",
    "table",
    "bench",
)
USER_ERROR = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 2 for an error that the user can mend."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        return _run(arguments)
    except FilmError as error:
        print(f"film_core: {error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("film_core: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `… | head` has read enough
        sys.stderr.close()
        return 0


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        return 0
    verb = arguments[0]
    if verb not in VERBS:
        raise unknown_name("command", verb, VERBS)
    command = _command(verb)
    parser = argparse.ArgumentParser(
        prog=f"python -m film_core {verb}",
        description=command.SUMMARY[:1].upper() + command.SUMMARY[1:] + ".",
        epilog=command.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments[1:]))


def _command(verb: str):
    return importlib.import_module(f"film_core.commands.{verb.replace('-', '_')}")


def _overview() -> str:
    lines = ["usage: python -m film_core COMMAND [--help]", "", "commands:"]
    lines += [f"  {verb:<11} {_command(verb).SUMMARY}" for verb in VERBS]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
