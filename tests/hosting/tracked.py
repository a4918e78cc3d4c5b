"""What belongs to the repository, as git tells it."""

import shutil
import subprocess
from pathlib import Path

import pytest


def tracked(repository: Path) -> list[str]:
    """Return the paths of all files that git tracks or would add; skip without git."""
    if shutil.which("git") is None or not (repository / ".git").exists():
        pytest.skip("not a git checkout: what belongs to the repository can't be told")
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=repository, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in told.stdout.split("\0") if name and (repository / name).is_file()]
