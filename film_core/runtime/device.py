"""Chooses the device: CUDA where a driver, a card and a compiler for it are there, else the CPU."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

from film_core.errors import RuntimeStartError, unknown_name

DEVICES = ("auto", "cpu", "cuda")

_PROBE = (
    "from film_core.runtime.start import _import_jittor, _Place;"
    "_import_jittor(_Place.find({nvcc!r}));"
    "import jittor as jt; jt.flags.use_cuda = 1;"
    "print((jt.ones((2, 2)) @ jt.ones((2, 2))).numpy().sum())"
)


def check_device_name(device: str) -> str:
    """Return `device` if it is one of ``auto``, ``cpu`` and ``cuda``.

    Raises:
        UnknownNameError: it isn't; the closest name is suggested.
    """
    if device not in DEVICES:
        raise unknown_name("device", device, DEVICES)
    return device


def find_nvcc() -> str:
    """Return the path of CUDA's compiler, or "" where there is none."""
    for candidate in ("nvcc", "/usr/local/cuda/bin/nvcc", "/opt/cuda/bin/nvcc"):
        found = shutil.which(candidate)
        if found:
            return found
    return ""


def count_cuda_cards() -> int:
    """Return how many CUDA cards the driver shows; 0 where there is no driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def choose_device(device: str, timeout_s: float = 1200) -> tuple[str, str, str]:
    """Return the device to use, CUDA's compiler ("" for the CPU) and a remark for people.

    A card that is there but doesn't work (wrong driver, no CUDA runtime, a crash while Jittor
    compiles for it) is found by a trial in a process of its own, so that it can't take ours down.

    Args:
        device: ``auto``, ``cpu`` or ``cuda``.
        timeout_s: how long the trial, which compiles on a cold cache, may take in seconds.

    Raises:
        UnknownNameError: another name.
        RuntimeStartError: ``cuda`` was asked for by name and can't be had.
    """
    check_device_name(device)
    if device == "cpu":
        return "cpu", "", ""
    nvcc, reason = find_nvcc(), ""
    if count_cuda_cards() == 0:
        reason = "the driver shows no CUDA card"
    elif not nvcc:
        reason = "nvcc, CUDA's compiler, is not installed"
    else:
        reason = _trial(nvcc, timeout_s)
    if not reason:
        return "cuda", nvcc, ""
    if device == "cuda":
        raise RuntimeStartError(
            "runtime.no_cuda",
            "CUDA can't be used here because {reason}; choose --device cpu or auto.",
            reason=reason,
        )
    quiet = reason.startswith("the driver shows no")  # the ordinary machine without a GPU
    return "cpu", "", "" if quiet else f"The CPU is used because {reason}."


def _trial(nvcc: str, timeout_s: float) -> str:
    repository = Path(__file__).resolve().parents[2]
    try:
        ended = subprocess.run(
            [sys.executable, "-c", _PROBE.format(nvcc=nvcc)],
            cwd=repository, capture_output=True, text=True, timeout=timeout_s,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"a trial computation on the card took longer than {timeout_s:.0f} s"
    if ended.returncode == 0 and ended.stdout.strip().endswith("8.0"):
        return ""
    last = (ended.stderr.strip().splitlines() or [f"exit status {ended.returncode}"])[-1]
    return f"a trial computation on the card failed ({last[:200]})"
