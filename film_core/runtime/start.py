"""Starts Jittor on any machine. Call `start` before anything imports `jittor`."""

import os
import platform
import shutil
import signal
import ssl
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from film_core.errors import RuntimeStartError
from film_core.runtime.cache import build_key, cache_home
from film_core.runtime.device import check_device_name, choose_device
from film_core.runtime.mpi import inside_mpi, launched_here
from film_core.runtime.onednn import link_onednn
from film_core.runtime.processor import processor_count

Progress = Callable[[str, float | None, str], None]
"""Called with a stage's name, the share that is done (0 to 1, None if unknown) and a detail.

The stages of a start are ``device``, ``jittor`` and ``ready``.
"""


@dataclass(frozen=True)
class Runtime:
    """A started Jittor.

    Attributes:
        device: ``cpu`` or ``cuda``.
        note: a sentence for people when something is not as good as it could be, else "".
        cache: the folder of compiled code.
        threads: how many threads computations use.
    """

    device: str
    note: str
    cache: Path
    threads: int


_started: list[Runtime] = []  # Jittor is one for each process; so is its start
_starting = threading.Lock()


def start(device: str = "auto", progress: Progress | None = None) -> Runtime:
    """Make Jittor ready in this process and return how it runs; further calls are free.

    On a new machine Jittor compiles itself first, which takes two to four minutes; `progress`
    is told of each stage.

    Args:
        device: ``auto`` (CUDA where it works, else the CPU), ``cpu`` or ``cuda``.
        progress: see `Progress`.

    Raises:
        UnknownNameError: a device of another name.
        RuntimeStartError: no compiler, no Python headers, no writable folder, or CUDA asked for
            by name and not to be had. The sentence names the remedy.
    """
    check_device_name(device)
    with _starting:
        if not _started:
            _started.append(_first_start(device, progress))
        if device not in ("auto", _started[0].device):
            _started[0] = _switch(_started[0], device)
        return _started[0]


def compiled() -> bool:
    """Tell whether Jittor's core has been compiled for this machine already."""
    try:
        place = _Place.find("")
    except RuntimeStartError:
        return False
    return any(place.cache.glob("jittor_core*.so"))


@dataclass(frozen=True)
class _Place:
    """Everything that has to be known before the import."""

    home: Path
    cache: Path
    compiler: str
    architecture: str
    nvcc: str
    remark: str

    @classmethod
    def find(cls, nvcc: str) -> "_Place":
        compiler = _find_compiler()
        _check_python_headers()
        home, remark = cache_home()
        architecture = os.environ.get("FILM_MARCH", "native")
        cache = home / ".cache" / "jittor" / "film" / build_key(compiler, architecture)
        return cls(home, cache, compiler, architecture, nvcc, remark)


def _first_start(device: str, progress: Progress | None) -> Runtime:
    if "jittor" in sys.modules:
        raise RuntimeStartError(
            "runtime.too_late",
            "Jittor was imported before film_core.runtime.start was called: call it first.",
        )
    report = progress or (lambda stage, done, detail: None)
    report("device", None, device)
    chosen, nvcc, device_remark = choose_device(device)
    place = _Place.find(nvcc)
    onednn_remark = _import_jittor(place, progress)
    import jittor as jt

    if chosen == "cuda":
        jt.flags.use_cuda = 1
    report("ready", 1.0, chosen)
    threads = _first_number(os.environ["OMP_NUM_THREADS"]) or processor_count()
    note = " ".join(r for r in (device_remark, place.remark, onednn_remark) if r)
    return Runtime(chosen, note, place.cache, threads)


def _first_number(threads: str) -> int:
    """Return the threads of the outermost level of OpenMP's list, such as "4,2"; 0 for none."""
    first = threads.split(",")[0].strip()
    return int(first) if first.isascii() and first.isdecimal() else 0


def _switch(runtime: Runtime, device: str) -> Runtime:
    import jittor as jt

    if device == "cuda" and not jt.has_cuda:
        raise RuntimeStartError(
            "runtime.started_on_cpu",
            "This process runs on the CPU and can't change to CUDA: start it with --device cuda.",
        )
    jt.flags.use_cuda = int(device == "cuda")
    return Runtime(device, runtime.note, runtime.cache, runtime.threads)


def _import_jittor(place: _Place, progress: Progress | None = None) -> str:
    """Import Jittor with its settings made for `place`; return a remark on oneDNN or ""."""
    try:
        remark = link_onednn(place.home)
    except OSError as error:
        raise RuntimeStartError(
            "runtime.onednn",
            "The library oneDNN could not be linked below {folder} ({reason}): make that folder "
            "writable, or set FILM_CACHE to one that is.",
            folder=place.home, reason=error.strerror or str(error),
        ) from error  # fmt: skip
    threads = max(1, processor_count() // launched_here())
    settings = {
        "nvcc_path": place.nvcc,  # empty: Jittor neither probes for CUDA nor downloads it
        "cc_path": place.compiler,
        "cache_name": "film",
        "use_mkl": "0" if remark else "1",
        # Jittor would build its MPI operators wherever it finds MPI's compiler.
        "use_mpi": "1" if inside_mpi() else "0",
        # Jittor would import PyTorch first wherever it is installed, for 2 s and 100 MB.
        "FIX_TORCH_ERROR": os.environ.get("FIX_TORCH_ERROR", "0"),
        "python_config_path": _python_config(),
        "log_silent": os.environ.get("log_silent", "1"),  # noqa: SIM112 - Jittor spells it so
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS") or str(threads),
    }
    if place.architecture != "native":
        settings["cc_flags"] = f" -march={place.architecture} "  # follows Jittor's own -march
    os.environ.update({name: value for name, value in settings.items() if value is not None})
    place.cache.mkdir(parents=True, exist_ok=True)
    verified_context = ssl._create_default_https_context
    handlers = {of: signal.getsignal(of) for of in (signal.SIGCHLD, signal.SIGINT)}
    # Asked for the first time where subnormal numbers are zero, numpy would warn of its limits.
    for real in (np.float32, np.float64):
        np.finfo(real)
    with _home_folder(place.home), _quiet_platform():
        import jittor_utils
    try:
        _redirect_cache(jittor_utils, place)
        _let_compile_pool_end(jittor_utils)
        if progress:
            jittor_utils.DelayProgress = _stage_reporter(progress)
        import jittor  # noqa: F401
    except Exception as error:
        raise RuntimeStartError(
            "runtime.jittor_failed",
            "Jittor could not be started ({reason}); `python -m film_core doctor` names what is "
            "missing, and deleting {cache} makes it compile afresh.",
            reason=f"{type(error).__name__}: {str(error)[-300:]}",
            cache=place.cache,
        ) from error
    finally:
        # Jittor switches certificate checks off for the whole process.
        ssl._create_default_https_context = verified_context
        # It also ends the process when any child of it is killed, whoever started that child, and
        # at Ctrl-C at once, whatever there is to finish.
        if threading.current_thread() is threading.main_thread():
            for of, handler in handlers.items():
                if handler is not None:
                    signal.signal(of, handler)
    _end_compile_pool(jittor_utils)
    return remark


@contextmanager
def _home_folder(home: Path) -> Iterator[None]:
    """Let `home` be the home folder for a moment: Jittor writes to it on import."""
    before = {name: os.environ.pop(name, None) for name in ("HOME", "JITTOR_HOME")}
    os.environ["HOME"] = str(home)
    try:
        yield
    finally:
        del os.environ["HOME"]
        os.environ.update({name: value for name, value in before.items() if value is not None})


@contextmanager
def _quiet_platform() -> Iterator[None]:
    """Keep kernel and host names out of Jittor's folder names: containers change them."""
    before = platform.platform, platform.node
    platform.platform, platform.node = (lambda *a, **k: "film"), (lambda: "")
    try:
        yield
    finally:
        platform.platform, platform.node = before


def _redirect_cache(jittor_utils, place: _Place) -> None:
    """Make Jittor keep compiled code and its lock in our folder instead of its own choice."""
    if jittor_utils.cache_path in sys.path:
        sys.path.remove(jittor_utils.cache_path)
    jittor_utils._jittor_home = str(place.home)
    jittor_utils.cache_path = str(place.cache)
    sys.path.append(str(place.cache))
    lock = jittor_utils.lock
    lock.lock_path = str(place.cache.parent / (place.cache.name + ".lock"))
    lock.jittor_lock = lock.Lock(lock.lock_path)


def _stage_reporter(progress: Progress) -> type:
    class StageReporter:
        """Stands in for Jittor's own progress line."""

        def __init__(self, what: str, total: int) -> None:
            self.total = total

        def update(self, index: int) -> None:
            finished = index + 1
            progress("jittor", finished / self.total, f"{finished} of {self.total} files")

    return StageReporter


def _let_compile_pool_end(jittor_utils) -> None:
    """Let SIGTERM end Jittor's compile processes, which it sends and then waits for them.

    They are forks, and a command of ours may take the signal as a wish to stop after the item that
    runs: they would take it so too, and live on.
    """
    begin = jittor_utils.pool_initializer

    def begin_to_compile() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        begin()

    jittor_utils.pool_initializer = begin_to_compile


def _end_compile_pool(jittor_utils) -> None:
    """Let the compile processes go: they would idle, with their memory, until the end."""
    import atexit

    if jittor_utils.pool_size:
        jittor_utils.pool_cleanup()
        jittor_utils.pool_size = 0  # the next compile makes a new pool
        atexit.unregister(jittor_utils.pool_cleanup)


def _find_compiler() -> str:
    wanted = os.environ.get("cc_path") or "g++"  # noqa: SIM112 - Jittor spells it so
    found = shutil.which(wanted)
    if found is None:
        raise RuntimeStartError(
            "runtime.no_compiler",
            "The C++ compiler {wanted} was not found, and Jittor compiles its operators: install "
            "it, on Debian and Ubuntu with: apt-get install g++",
            wanted=wanted,
        )
    return found


def _python_config() -> str | None:
    name = f"python{sys.version_info.major}.{sys.version_info.minor}-config"
    candidate = Path(sysconfig.get_config_var("BINDIR") or "") / name
    return str(candidate) if candidate.is_file() else None


def _check_python_headers() -> None:
    include = Path(sysconfig.get_path("include"))
    if not (include / "Python.h").is_file():
        raise RuntimeStartError(
            "runtime.no_python_headers",
            "Python's C headers were not found in {include}, and Jittor compiles against them: "
            "install them, on Debian and Ubuntu with: apt-get install python3-dev",
            include=include,
        )
