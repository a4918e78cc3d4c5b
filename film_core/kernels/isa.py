"""Which instruction set the kernels are built for."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from film_core.errors import SettingError, unknown_name
from film_core.runtime.processor import feature_key, processor_features

ENVIRONMENT = "FILM_KERNELS_ISA"
"""Environment variable that forces a path: ``avx512``, ``avx2`` or ``portable``."""
MARCH = "FILM_MARCH"
"""Environment variable with the architecture to compile for; unset means this processor's own."""


@dataclass(frozen=True)
class InstructionSet:
    """A way to build the kernels.

    Attributes:
        name: ``avx512``, ``avx2`` or ``portable``.
        width: floats in a vector.
        needs: processor features without which the code must not run.
        flags: compiler flags that follow Jittor's own, so that a narrower path has no wider code.
    """

    name: str
    width: int
    needs: tuple[str, ...]
    flags: str

    @property
    def macro(self) -> str:
        """The macro that `cpp/simd.hpp` looks at."""
        return f"FILM_ISA_{self.name.upper()}"


_X86_ONLY = frozenset({"sse2"})  # told by every x86-64 processor and by no other

# What of `needs` the architectures that machines share hold (the x86-64 psABI's levels).
_LEVELS = {
    "x86-64": frozenset(),
    "x86-64-v2": frozenset(),
    "x86-64-v3": frozenset({"avx2", "fma"}),
    "x86-64-v4": frozenset({"avx2", "fma", "avx512f", "avx512dq"}),
}

INSTRUCTION_SETS: dict[str, InstructionSet] = {
    s.name: s
    for s in (
        InstructionSet("avx512", 16, ("avx512f", "avx512dq"), "-mprefer-vector-width=512"),
        InstructionSet("avx2", 8, ("avx2", "fma"), "-mno-avx512f"),
        InstructionSet("portable", 4, (), "-mno-avx"),
    )
}


def choose_instruction_set(name: str | None = None) -> InstructionSet:
    """Return the widest set that this processor and ``FILM_MARCH`` have, or the one asked for.

    Args:
        name: ``avx512``, ``avx2`` or ``portable``; None reads the environment variable
            ``FILM_KERNELS_ISA``, and takes the widest if that isn't set.

    Raises:
        UnknownNameError: another name, or one that this processor or ``FILM_MARCH`` lacks.
        SettingError: none is asked for, and nobody here knows what ``FILM_MARCH`` holds.
    """
    present = set(processor_features())
    architecture = _architecture()
    where = "instruction set on this processor"
    if architecture in _LEVELS:
        present &= _LEVELS[architecture]
        where = f"instruction set in {MARCH}={architecture}"
    usable = {s.name: s for s in INSTRUCTION_SETS.values() if present.issuperset(s.needs)}
    asked = name or os.environ.get(ENVIRONMENT)
    if asked:
        if asked not in usable:
            raise unknown_name(where, asked, usable)
        return usable[asked]
    if len(usable) > 1 and architecture != "native" and architecture not in _LEVELS:
        raise SettingError(
            "kernels.march",
            "{march} is {seen}, and which vectors that has isn't known here: set {isa} to one of "
            "{known}, or {march} to one of {levels}.",
            march=MARCH, seen=architecture, isa=ENVIRONMENT, known=", ".join(usable),
            levels=", ".join(_LEVELS),
        )  # fmt: skip
    return next(iter(usable.values()))


def build_key(chosen: InstructionSet, sources: Path) -> str:
    """Return what distinguishes a build: the path, this processor's features, the sources' folder.

    Jittor's own folder names hold the features too; this key stands in the source of the operator,
    so that a cache that two machines share never hands one of them an absent instruction. A build
    for a named architecture (``FILM_MARCH``) is the same on every machine that has it.

    Jittor names what it compiled by the text alone but compiles again where the command differs,
    which holds the folder: two checkouts would overwrite each other's operators.
    """
    architecture = _architecture()
    folder = hashlib.sha256(str(sources).encode(errors="surrogateescape")).hexdigest()[:8]
    return f"{chosen.name} {feature_key() if architecture == 'native' else architecture} {folder}"


def _architecture() -> str:
    return os.environ.get(MARCH, "native")


def compiler_flags(chosen: InstructionSet) -> str:
    """Return the flags for `chosen`; those against AVX only mean something to x86 compilers."""
    is_x86 = bool(_X86_ONLY.intersection(processor_features()))
    return chosen.flags if is_x86 else ""
