"""`python -m film_core VERB …`"""

import argparse
import importlib
import os
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
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()  # here, where it can still be told that nobody reads it
    except FilmError as error:
        print(f"film_core: {error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("film_core: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `… | head` has read enough
        _drop_output()
        return 0
    except OSError as error:  # a file or folder that nobody checked before
        print(f"film_core: {_sentence(error)}", file=sys.stderr)
        if error.filename is None:
            _drop_output()
        return USER_ERROR


def _sentence(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.filename is None:
        return f"The output can't be written ({reason})."
    return f"'{error.filename}' can't be used ({reason}): check its name and its permissions."


def _drop_output() -> None:
    """Send what is still to be printed nowhere, or Python would try once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    for stream in (sys.stdout, sys.stderr):  # a terminal may know less than UTF-8
        stream.reconfigure(errors="backslashreplace")
    sys.exit(main())
