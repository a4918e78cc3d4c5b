"""The process that Atheris runs in; started by `benchmarks.fuzzing`, because it never returns."""

import sys

import atheris

# Whose branches guide the mutations.
_GUIDES = {
    "image-header": ["film_core.images"],
    "image": ["film_core.images", "PIL"],
    "checkpoint": ["film_core.checkpoints", "zipfile", "pickletools"],
    "card": ["film_core.checkpoints"],
    "archive": ["film_core.batch", "zipfile"],
    "frame": ["demo.worker"],
    "request": ["demo"],
}


def main() -> None:
    """Instrument the readers, then let libFuzzer drive one: TARGET, then libFuzzer's arguments."""
    guides = _GUIDES[sys.argv[1]]
    for name in guides:
        # The standard library's are imported already, without what reports their branches.
        sys.modules.pop(name, None)
    with atheris.instrument_imports(include=guides):
        from benchmarks.fuzzing.targets import TARGETS

        function = TARGETS[sys.argv[1]]
        function(b"{}")  # what a reader imports when it is called
    atheris.Setup([sys.argv[0], *sys.argv[2:]], function)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
