"""Where compiled code is kept: a writable folder, keyed by all that shaped the binary."""

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from film_core.errors import RuntimeStartError
from film_core.runtime.processor import feature_key


def cache_home() -> tuple[Path, str]:
    """Return the folder that stands for the home folder of Jittor's caches, and a remark.

    The first that can be written of: the environment's ``FILM_CACHE`` and ``JITTOR_HOME``, the home
    folder, ``XDG_CACHE_HOME``, and a folder of this user under the temporary one. A ``~`` that
    stands for nothing, where HOME isn't set and the user has no entry, can't be written either.

    Raises:
        RuntimeStartError: none of them can be written.
    """
    environment = os.environ
    asked = environment.get("FILM_CACHE") or environment.get("JITTOR_HOME")
    temporary = str(Path(tempfile.gettempdir()) / f"film-studio-{os.getuid()}")
    places = [p for p in (asked, "~", environment.get("XDG_CACHE_HOME"), temporary) if p]
    # A ~ that Python leaves as it is would become a folder of that name wherever one stands.
    candidates = [os.path.expanduser(place) for place in places]
    said = [
        f"{place} (no home folder is known: set HOME)" if place.startswith("~") else place
        for place in candidates
    ]
    for number, place in enumerate(candidates):
        candidate = Path(place)
        if not place.startswith("~") and _writable(candidate / ".cache" / "jittor"):
            remark = ""
            if number:
                remark = (
                    f"{said[0]} can't be written, so compiled code is kept in {candidate}; "
                    "set FILM_CACHE to a folder that outlasts a restart."
                )
            return candidate.absolute(), remark
    raise RuntimeStartError(
        "runtime.no_cache_folder",
        "None of {tried} can be written, and compiled code needs a folder: "
        "set FILM_CACHE to one that can.",
        tried=", ".join(said),
    )


def build_key(compiler: str, architecture: str) -> str:
    """Return the name of the cache folder for one build.

    It holds Jittor's, Python's and the compiler's versions and the processor's features, so that a
    cache shared by two machines never hands one of them an instruction that it lacks. Host and
    kernel names are left out on purpose: a container that is restarted keeps its cache.

    Args:
        compiler: path of the C++ compiler.
        architecture: ``native`` or a name that the compiler's ``-march`` accepts.
    """
    told = subprocess.run([compiler, "-dumpfullversion"], capture_output=True, text=True)
    compiler_version = told.stdout.strip() or "unknown"
    target = feature_key() if architecture == "native" else architecture
    parts = [
        f"jt{version('jittor')}-{_location_key()}",
        Path(compiler).name + compiler_version,
        "py" + ".".join(map(str, sys.version_info[:3])),
        target,
    ]
    return re.sub(r"[^A-Za-z0-9.+_-]", "_", "-".join(parts))


def _location_key() -> str:
    """Return a key of Jittor's own folder: its compile commands hold it, and so do its caches."""
    found = importlib.util.find_spec("jittor")
    return hashlib.sha256(str(found and found.origin).encode()).hexdigest()[:6]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
