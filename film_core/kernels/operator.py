"""The custom operator through which Jittor runs the C++ kernels.

One operator serves the whole forward pass, the part that the text doesn't change, and the rest of
it: one translation unit is compiled once.
"""

import ctypes
import errno
import hashlib
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jittor as jt
import numpy as np

from film_core.errors import Cancelled, FilmError, SettingError
from film_core.kernels.isa import (
    InstructionSet,
    build_key,
    choose_instruction_set,
    compiler_flags,
)

Progress = Callable[[str, float | None, str], None]
Cancelling = Callable[[], bool]

THREADS_SETTING = "FILM_KERNELS_THREADS"
"""Environment variable: threads of the kernels; unset or 0 means one for each processor."""
_MOST_THREADS = 1024  # OpenMP ends the process when it can't have as many as it was asked for

SOURCES = Path(__file__).parent / "cpp"
MODES = {"forward": 0, "prepare": 1, "edit": 2}
STEPS = {"forward": "fuse", "prepare": "sources", "edit": "fuse"}
"""What progress calls the work of each mode."""
STAGES, SIDES = 3, ("a", "b")
HEADS, RUNS, TOKENS, TEXT_WIDTH, CHANNELS = 8, 432, 13824, 256, 32
GRID = (288, 384)

_HEARTBEAT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_double)
_DONE, _CANCELLED, _OUT_OF_MEMORY, _NO_FILE = range(4)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Outputs:
    """What a run of the operator returns, in the order in which the C++ source has them.

    Attributes:
        fused: (B, 1, H, W).
        features, grid, keys: the state of both sources (see `SourceState`).
        maps: for each stage, for each source: mean, spatial, tokens and gate.
    """

    fused: jt.Var
    features: jt.Var
    grid: jt.Var
    keys: jt.Var
    maps: list[dict[str, tuple[jt.Var, jt.Var, jt.Var, jt.Var]]]


def run(
    mode: str,
    parameters: Sequence[jt.Var],
    image_a: jt.Var,
    image_b: jt.Var,
    text: jt.Var,
    state: Sequence[jt.Var],
    shapes: "OutputShapes",
    folder: str,
    progress: Progress | None = None,
    cancelled: Cancelling | None = None,
) -> Outputs:
    """Run the kernels now and return their results.

    Args:
        mode: ``forward``, ``prepare`` or ``edit``.
        parameters: the 189 tensors in the order of `parameter_names`.
        image_a, image_b: (B, 1, H, W); not looked at by ``edit`` except for their shape.
        text: (B, T, text width); not looked at by ``prepare``.
        state: features, grid and keys; looked at by ``edit`` only.
        shapes: of the outputs.
        folder: where slabs go that are too large for memory; "" keeps all in memory.
        progress: told about ten times a second how much is done.
        cancelled: asked as often; True ends the work.

    Raises:
        Cancelled: `cancelled` said so.
        FilmError: memory or temporary disk space ran out.
    """
    heartbeat = _Heartbeat(STEPS[mode], progress, cancelled)
    folder_bytes = ctypes.create_string_buffer(folder.encode()) if folder else None
    batch, _, height, width = image_a.shape
    request = np.array(
        [
            MODES[mode], _threads(), heartbeat.address,
            ctypes.addressof(folder_bytes) if folder_bytes else 0,
            batch, height, width, text.shape[1], text.shape[2], shapes.spatial, shapes.tokens,
        ],
        dtype=np.int64,
    ).view(np.int32)  # fmt: skip  # Jittor would convert 64-bit integers, addresses included
    chosen = choose_instruction_set()
    if progress is not None and _header.cache_info().currsize == 0:
        progress("kernels", None, "compiled once for each processor, in 10 to 40 s")
    inputs = [jt.array(request), image_a, image_b, text, *state, *parameters]
    outputs = jt.code(
        shapes.list(),
        ["int32"] + ["float32"] * (len(shapes.list()) - 1),
        inputs,
        cpu_header=_header(chosen),
        cpu_src=_source(len(inputs)),
    )
    outputs[0].compile_options = {f'FLAGS: -I"{SOURCES}" {compiler_flags(chosen)} ': 1}
    jt.sync(list(outputs))
    heartbeat.check()
    status, reason = map(int, outputs[0].numpy())
    _check_status(status, reason, height, width, folder)
    maps = [
        {
            side: tuple(outputs[5 + 4 * (stage * 2 + index) :][:4])
            for index, side in enumerate(SIDES)
        }
        for stage in range(STAGES)
    ]
    return Outputs(*outputs[1:5], maps)


def _threads() -> int:
    """Return how many threads are asked for; 0 leaves it to OpenMP."""
    setting = os.environ.get(THREADS_SETTING, "0")
    number = setting.isascii() and setting.isdecimal() and len(setting) <= 9
    if not number or int(setting) > _MOST_THREADS:
        raise SettingError(
            "kernels.threads_setting",
            "{name} is {seen}; it must be a whole number up to {most} (0: as many as processors).",
            name=THREADS_SETTING, seen=setting, most=_MOST_THREADS,
        )  # fmt: skip
    return int(setting)


@dataclass(frozen=True)
class OutputShapes:
    """Shapes of the operator's outputs; what isn't wanted has one element.

    Attributes:
        batch, height, width, rows: sizes of the request; rows are text tokens.
        fused: whether an image is made (not by ``prepare``).
        state, grid: whether the sources' state is made, and whether it has a grid of its own.
        spatial, tokens: whether these attention maps are made.
    """

    batch: int
    height: int
    width: int
    rows: int
    fused: bool
    state: bool
    grid: bool
    spatial: bool
    tokens: bool

    def list(self) -> list[tuple[int, ...]]:
        """Return all shapes, first that of the status and the system's error number."""
        b, t = self.batch, self.rows
        fused = (b, 1, self.height, self.width)
        features = (2, b, self.height * self.width * CHANNELS)
        grid = (2, b, GRID[0] * GRID[1] * CHANNELS)
        shapes = [
            (2,),
            fused if self.fused else (1, 1, 1, 1),
            features if self.state else (1, 1, 1),
            grid if self.state and self.grid else (1, 1, 1),
            (2, b, TOKENS * TEXT_WIDTH) if self.state else (1, 1, 1),
        ]
        maps = [
            (b, HEADS, TOKENS) if self.fused else (1, 1, 1),
            (b, t, HEADS, RUNS) if self.spatial else (1, 1, 1, 1),
            (b, t, HEADS, TOKENS) if self.tokens else (1, 1, 1, 1),
            (b, TEXT_WIDTH) if self.fused else (1, 1),
        ]
        return shapes + maps * (STAGES * len(SIDES))

    def bytes(self) -> int:
        """Return the memory that all outputs need."""
        return 4 * sum(math.prod(shape) for shape in self.list())


def _check_status(status: int, reason: int, height: int, width: int, folder: str) -> None:
    if status == _DONE:
        return
    if status == _CANCELLED:
        raise Cancelled()
    if status == _OUT_OF_MEMORY or (status == _NO_FILE and reason == errno.ENOMEM):
        raise FilmError(
            "kernels.out_of_memory",
            "There is not enough memory to fuse {width} x {height} pixels: close other programs, "
            "or use smaller images.",
            width=width, height=height,
        )  # fmt: skip
    if status == _NO_FILE and reason not in _NO_ROOM:
        raise FilmError(
            "kernels.temporary_file",
            "{width} x {height} pixels need temporary files, and {folder} takes none ({reason}): "
            "set TMPDIR to a folder that can be written.",
            width=width, height=height, folder=folder, reason=os.strerror(reason),
        )  # fmt: skip
    if status == _NO_FILE:
        raise FilmError(
            "kernels.disk_full",
            "{width} x {height} pixels need temporary files that don't fit into {folder}: make "
            "room there, or set TMPDIR to a folder that has more.",
            width=width, height=height, folder=folder,
        )  # fmt: skip
    raise FilmError(
        "kernels.failed",
        "The kernels failed on {width} x {height} pixels with an error of their own; the plain "
        'path (kernels="plain") doesn\'t use them.',
        width=width, height=height,
    )  # fmt: skip


class _Heartbeat:
    """Carries progress and cancelling from the kernels' main thread to Python.

    An exception of a callback can't pass through C++: it cancels the work and is raised after it.
    """

    def __init__(self, step: str, progress: Progress | None, cancelled: Cancelling | None) -> None:
        self._step = step
        self._progress = progress
        self._cancelled = cancelled
        self._failure: BaseException | None = None
        self._callback = _HEARTBEAT(self._beat)
        wanted = progress is not None or cancelled is not None
        self.address = ctypes.cast(self._callback, ctypes.c_void_p).value if wanted else 0

    def _beat(self, done: float) -> int:
        try:
            if self._progress is not None:
                self._progress(self._step, done, "")
            return int(self._cancelled is not None and self._cancelled())
        except BaseException as error:  # kept, and raised by check
            self._failure = error
            return 1

    def check(self) -> None:
        if self._failure is not None:
            raise self._failure


@cache
def _header(chosen: InstructionSet) -> str:
    # The text of the headers stands in for them: a changed header is compiled again.
    digest = hashlib.sha256()
    for path in sorted(SOURCES.glob("*.hpp")):
        digest.update(path.read_bytes())
    return (
        f"// {build_key(chosen, SOURCES)} {digest.hexdigest()[:16]}\n"
        f"#define {chosen.macro}\n"
        '#include "entry.hpp"\n'
    )


@cache
def _source(inputs: int) -> str:
    first_parameter = 7
    parameters = ", ".join(f"in{i}_p" for i in range(first_parameter, inputs))
    maps = ", ".join(
        "{"
        + ", ".join(
            "{" + ", ".join(f"out{5 + 4 * (2 * stage + side) + i}_p" for i in range(4)) + "}"
            for side in range(2)
        )
        + "}"
        for stage in range(STAGES)
    )
    return f"""
        const float* parameters[] = {{{parameters}}};
        film::Request request;
        std::memcpy(&request, in0_p, sizeof(request));
        const bool edit = request.mode == film::kEdit;
        const film::StateTensors state = {{edit ? in4_p : out2_p, edit ? in5_p : out3_p,
                                          edit ? in6_p : out4_p}};
        const film::MapTensors maps[film::kStages][film::kSources] = {{{maps}}};
        int reason = 0;
        out0_p[0] = int(film::run(request, parameters, in1_p, in2_p, in3_p, state, out1_p, maps,
                                  &reason));
        out0_p[1] = reason;
    """
