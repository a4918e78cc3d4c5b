"""FILM Studio: ``python app.py`` opens the page at http://127.0.0.1:7860."""

import os
import sys

# Before Gradio is imported: nothing is sent or asked for anywhere, and no address is probed.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


def main() -> int:
    """Run the page; return the exit code."""
    from demo.desk import Desk
    from demo.server import serve
    from demo.settings import read_settings
    from film_core.errors import FilmError

    try:
        serve(Desk(read_settings()))
    except FilmError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
