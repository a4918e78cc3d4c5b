"""How much memory a pass needs, how much there is, and where feature maps go that don't fit."""

import os
import tempfile
from pathlib import Path

from film_core.errors import FilmError, SettingError

MEMORY_SETTING = "FILM_KERNELS_MEMORY_MB"
"""Environment variable: feature maps beyond this many MB go to a temporary file."""
DEFAULT_MEMORY_MB = 1000

_SLAB_CHANNELS = 32
_MAPS = {"forward": 3, "prepare": 1, "edit": 3}  # that a pass itself holds; film_pass.hpp
_FIXED_BYTES = 120_000_000  # keys, packed weights, scratch of the threads, the text grid
_CGROUPS = Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 60  # version 1 of cgroups writes a number near 2^63 where there is none


def slab_folder(batch: int, height: int, width: int) -> str:
    """Return where the feature maps of such images go: a folder, or "" for memory.

    A pass holds three maps of 32 channels at a time, and a kept state two more for each image: all
    stay in memory, and the state is kept, where the sum is below the setting.
    Without ``TMPDIR`` the folder is ``/var/tmp``, since ``/tmp`` is often memory itself.

    Raises:
        SettingError: ``FILM_KERNELS_MEMORY_MB`` isn't a positive number.
    """
    if (_MAPS["edit"] + 2 * batch) * _map_bytes(height, width) <= _limit():
        return ""
    if "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK):
        return "/var/tmp"
    return tempfile.gettempdir()


def check_memory(mode: str, batch: int, height: int, width: int, results: int) -> None:
    """Refuse a request that this machine's free memory can't hold, before anything is allocated.

    Linux grants memory that it doesn't have and ends a process later; so it is asked first.

    Args:
        mode: ``forward``, ``prepare`` or ``edit``, whose kept state is there already.
        batch, height, width: of the images.
        results: bytes of what is handed out beside the image: attention maps, or the kept state.

    Raises:
        FilmError: less memory is free than needed.
    """
    free = available_bytes()
    in_files = mode == "forward" and slab_folder(batch, height, width)
    maps = 0 if in_files else _MAPS[mode] * _map_bytes(height, width)
    needed = maps + results + _FIXED_BYTES + 3 * batch * height * width * 4
    if free is not None and needed > free:
        raise FilmError(
            "kernels.memory",
            "Fusing {batch} x {width} x {height} pixels needs about {needed} MB of memory and "
            "{free} MB are free: close other programs, use smaller images or fewer at a time, "
            "or ask for no full attention maps.",
            batch=batch, width=width, height=height,
            needed=round(needed / 1e6), free=round(free / 1e6),
        )  # fmt: skip


def available_bytes() -> int | None:
    """Return the bytes of memory that are free for this process, None where nothing tells."""
    found = [_free_memory(), _free_in_cgroup()]
    return min((f for f in found if f is not None), default=None)


def _map_bytes(height: int, width: int) -> int:
    return height * width * _SLAB_CHANNELS * 4


def _limit() -> float:
    setting = os.environ.get(MEMORY_SETTING, str(DEFAULT_MEMORY_MB))
    try:
        limit = float(setting)
    except ValueError:
        limit = 0.0
    if not limit > 0:  # NaN too
        raise SettingError(
            "kernels.memory_setting",
            "{name} is {seen}; it must be a positive number of megabytes.",
            name=MEMORY_SETTING, seen=setting,
        )  # fmt: skip
    return limit * 1e6


def _free_memory() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return None
    return None


def _free_in_cgroup() -> int | None:
    """Return what a container may still take; None without a limit.

    Pages of files that nobody uses are counted as used there, and are given up when asked for.
    """
    for names in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        (
            "memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat",
            "total_inactive_file",
        ),
    ):  # fmt: skip
        limit, used, statistics = (_read(_CGROUPS / name) for name in names[:3])
        if limit.isdecimal() and used.isdecimal() and int(limit) < _NO_LIMIT:
            told = dict(line.split(maxsplit=1) for line in statistics.splitlines() if " " in line)
            idle = told.get(names[3], "0")
            return int(limit) - int(used) + (int(idle) if idle.isdecimal() else 0)
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return ""
