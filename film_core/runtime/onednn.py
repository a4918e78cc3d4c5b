"""Puts the oneDNN library of the Python packages where Jittor would otherwise download it to."""

import secrets
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_FOLDER = "dnnl_lnx_2.2.0_cpu_gomp"
_PACKAGES = {
    "lib": ("onednn-cpu-gomp", "libmkldnn.so"),
    "include": ("onednn-devel-cpu-gomp", "dnnl.h"),
}


def link_onednn(home: Path) -> str:
    """Link oneDNN's headers and library below `home` for Jittor; return "" or what is missing.

    Jittor looks in ``.cache/jittor/mkl`` of its home folder and downloads what isn't there. The
    packages ``onednn-cpu-gomp`` and ``onednn-devel-cpu-gomp`` hold the same release. Any number of
    processes may do it at once.

    Raises:
        OSError: the folder can't be written.
    """
    folder = home / ".cache" / "jittor" / "mkl" / _FOLDER
    if (folder / "lib" / "libmkldnn.so").exists() and (folder / "include" / "dnnl.h").exists():
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (package, sign) in _PACKAGES.items():
        source = _folder_with(package, sign)
        if source is None:
            return (
                f"The package {package} is missing, so Jittor's slower convolutions are used: "
                "pip install -r requirements.txt."
            )
        link, fresh = folder / name, folder / f".{name}.{secrets.token_hex(6)}"
        fresh.symlink_to(source)
        if link.is_dir() and not link.is_symlink():  # a download of Jittor's that was cut off
            link.rename(folder / f".{name}-before.{secrets.token_hex(6)}")
        fresh.replace(link)  # at once, also over a link into an environment that was deleted
    return ""


def missing_packages() -> list[str]:
    """Return the names of the oneDNN packages that aren't installed."""
    return [package for package, sign in _PACKAGES.values() if not _folder_with(package, sign)]


def _folder_with(package: str, sign: str) -> Path | None:
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return None
    for file in files:
        if file.name == sign and Path(file.locate()).exists():
            return Path(file.locate()).resolve().parent
    return None
