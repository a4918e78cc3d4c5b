"""What the processor can do, as the operating system tells it."""

import hashlib
import os
import platform
from functools import cache
from pathlib import Path

# Only features that a compiler may use for our code; the rest of the list varies between kernels.
_CODE_FEATURES = (
    "sse2", "sse3", "ssse3", "sse4_1", "sse4_2", "avx", "f16c", "fma", "bmi1", "bmi2", "avx2",
    "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512ifma", "avx512vbmi",
    "avx512_vbmi2", "avx512_vnni", "avx512_bitalg", "avx512_vpopcntdq", "avx512_bf16",
    "avx512_fp16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16", "gfni", "vaes", "vpclmulqdq",
    "asimd", "asimddp", "sve", "sve2", "bf16",
)  # fmt: skip


def processor_name() -> str:
    """Return the processor's marketing name, or its architecture where none is told."""
    for line in _cpuinfo():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


@cache
def processor_features() -> tuple[str, ...]:
    """Return the instruction-set features that generated code may use, sorted by name."""
    for line in _cpuinfo():
        if line.startswith(("flags", "Features")):
            present = set(line.split(":", 1)[1].split())
            return tuple(sorted(present.intersection(_CODE_FEATURES)))
    return ()


def processor_count() -> int:
    """Return how many processors this process may run on (affinity and cgroup respected)."""
    allowed = len(os.sched_getaffinity(0))
    quota = Path("/sys/fs/cgroup/cpu.max")
    try:
        limit, period = quota.read_text().split()
        if limit != "max":
            allowed = min(allowed, max(1, int(limit) // int(period)))
    except (OSError, ValueError):
        pass  # no cgroup limit is told: the affinity stands
    return allowed


def feature_key() -> str:
    """Return a short key of this processor's features: machines with equal keys share binaries."""
    told = platform.machine() + " " + " ".join(processor_features())
    return hashlib.sha256(told.encode()).hexdigest()[:10]


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return []
