"""Where the repository's weights lie: beside the package, or in it where pip has installed it."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def weights_folder(package: Path = _PACKAGE) -> Path:
    """Return the folder of weights that belongs to the copy of film_core in `package`."""
    installed = package / "weights"
    return installed if installed.is_dir() else package.parent / "weights"
