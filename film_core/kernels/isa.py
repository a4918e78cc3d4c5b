"""Which instruction set the kernels are built for."""

import os
from dataclasses import dataclass

from film_core.errors import unknown_name
from film_core.runtime.processor import feature_key, processor_features

ENVIRONMENT = "FILM_KERNELS_ISA"
"""Environment variable that forces a path: ``avx512``, ``avx2`` or ``portable``."""


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

INSTRUCTION_SETS: dict[str, InstructionSet] = {
    s.name: s
    for s in (
        InstructionSet("avx512", 16, ("avx512f", "avx512dq"), "-mprefer-vector-width=512"),
        InstructionSet("avx2", 8, ("avx2", "fma"), "-mno-avx512f"),
        InstructionSet("portable", 4, (), "-mno-avx"),
    )
}


def choose_instruction_set(name: str | None = None) -> InstructionSet:
    """Return the widest set that this processor has, or the one asked for.

    Args:
        name: ``avx512``, ``avx2`` or ``portable``; None reads the environment variable
            ``FILM_KERNELS_ISA``, and takes the widest if that isn't set.

    Raises:
        UnknownNameError: another name, or one that this processor lacks.
    """
    present = set(processor_features())
    usable = {s.name: s for s in INSTRUCTION_SETS.values() if present.issuperset(s.needs)}
    asked = name or os.environ.get(ENVIRONMENT)
    if not asked:
        return next(iter(usable.values()))
    if asked not in usable:
        raise unknown_name("instruction set on this processor", asked, usable)
    return usable[asked]


def build_key(chosen: InstructionSet) -> str:
    """Return what distinguishes a build: the path and this processor's features.

    Jittor's own folder names hold the features too; this key stands in the source of the operator,
    so that a cache that two machines share never hands one of them an absent instruction. A build
    for a named architecture (``FILM_MARCH``) is the same on every machine.
    """
    architecture = os.environ.get("FILM_MARCH", "native")
    return f"{chosen.name} {feature_key() if architecture == 'native' else architecture}"


def compiler_flags(chosen: InstructionSet) -> str:
    """Return the flags for `chosen`; those against AVX only mean something to x86 compilers."""
    is_x86 = bool(_X86_ONLY.intersection(processor_features()))
    return chosen.flags if is_x86 else ""
