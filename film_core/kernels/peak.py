"""The machine's speed at this minute, to judge a benchmark by."""

import jittor as jt

from film_core.kernels.isa import build_key, choose_instruction_set, compiler_flags
from film_core.kernels.operator import SOURCES


def peak_gflops(seconds: float = 0.2) -> float:
    """Return GFLOP/s of a bare multiply-add loop on all threads, run for `seconds`."""
    chosen = choose_instruction_set()
    key = build_key(chosen, SOURCES)
    result = jt.code(
        (1,),
        "float32",
        [jt.array([seconds])],
        cpu_header=f'// {key}\n#define {chosen.macro}\n#include "peak.hpp"\n',
        cpu_src="out0_p[0] = float(film::measure_peak(in0_p[0]));",
    )
    result.compile_options = {f'FLAGS: -I"{SOURCES}" {compiler_flags(chosen)} ': 1}
    return float(result.numpy()[0])
