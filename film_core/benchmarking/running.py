"""Runs the implementations in turns, each in a process of its own: all see the same minutes.

A worker is a process that reads one task as JSON from its input, prepares it, and then does it once
for every line it gets, answering with the seconds. Its memory is watched from outside, every few
milliseconds: Linux doesn't count into the peak that it keeps itself what is given back early.
"""

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from film_core.benchmarking.plans import Plan, Task
from film_core.benchmarking.rows import Row
from film_core.benchmarking.serving import resident_mb
from film_core.errors import FilmError

REPOSITORY = Path(__file__).resolve().parent.parent.parent
OURS = "film_core.benchmarking.worker"
TORCH = "benchmarks.torch_worker"
TORCH_MODES = ("eager", "channels_last", "compiled")


def torch_remark() -> str:
    """Return why PyTorch can't be compared with, and the remedy; "" where it can."""
    if importlib.util.find_spec("torch") is None:
        return "PyTorch isn't installed, so ours is measured alone: pip install torch==2.13.0"
    if not (REPOSITORY / "benchmarks" / "torch_worker.py").is_file():
        return "benchmarks/ of the repository isn't here, so ours is measured alone."
    return ""


def run_plan(
    plan: Plan, repetitions: int, compiled: bool, report: Callable[[str], None]
) -> list[Row]:
    """Measure every task of `plan` and return its rows.

    Args:
        plan: what to measure.
        repetitions: how often each implementation does it; the shortest time counts.
        compiled: whether PyTorch is also measured compiled, which takes minutes to prepare.
        report: told of each step.
    """
    with_torch = not torch_remark()
    return [
        _measure(task, repetitions, with_torch and task.compared, compiled, report)
        for task in plan.tasks
    ]


def _measure(task: Task, repetitions: int, with_torch: bool, compiled: bool, report) -> Row:
    row = Row(task.name)
    workers = {"ours": _Worker(OURS, task, "")}
    if with_torch:
        for mode in TORCH_MODES if compiled and task.kind != "train" else TORCH_MODES[:2]:
            workers[mode] = _Worker(TORCH, task, mode)
    try:
        report(f"{task.name}: preparing {', '.join(workers)}")
        for name in list(workers):
            if not workers[name].ready(needed=name in ("ours", "eager")):
                report(f"{task.name}: PyTorch {name} doesn't work here")
                workers.pop(name).close()
        times = {name: [] for name in workers}
        peaks = []
        for number in range(min(repetitions, task.repetitions or repetitions)):
            report(f"{task.name}: repetition {number + 1}")
            for name, worker in workers.items():
                times[name].append(worker.once())
            peaks.append(workers["ours"].peak())
        _fill(row, task, times, peaks, workers)
    finally:
        for worker in workers.values():
            worker.close()
    return row


def _fill(row: Row, task: Task, times: dict, peaks: list[float], workers: dict) -> None:
    row.ours_s = min(times["ours"])
    row.ours_cpu_s = workers["ours"].cpu
    row.ours_rss_mb = workers["ours"].memory
    row.peak_gflops = max(peaks)
    if task.flop is not None:
        row.ours_gflops = task.flop / row.ours_s / 1e9
        row.of_floor = row.ours_s * row.peak_gflops * 1e9 / task.flop
    modes = [name for name in times if name != "ours"]
    if modes:
        row.torch_eager_s = min(times["eager"])
        row.fastest = min(modes, key=lambda name: min(times[name]))
        row.torch_fastest_s = min(times[row.fastest])
        row.ratio = row.torch_fastest_s / row.ours_s
        row.torch_cpu_s = min(workers[name].cpu for name in modes)
        row.cpu_ratio = row.torch_cpu_s / row.ours_cpu_s
        row.torch_rss_mb = min(workers[name].memory for name in modes)


class _Worker:
    def __init__(self, module: str, task: Task, mode: str) -> None:
        self.memory = self._base = 0.0
        self.cpu = float("inf")
        # Idle threads that spin would take the processors from the others' turns.
        settings = {"OMP_WAIT_POLICY": "passive", "FILM_KERNELS_ISA": task.path}
        environment = {**os.environ, **{k: v for k, v in settings.items() if v}}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=REPOSITORY, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._send({**vars(task), "mode": mode})

    def ready(self, needed: bool) -> bool:
        try:
            self._base = self._receive()["base_mb"]
        except FilmError:
            if needed:
                raise
            return False
        return True

    def once(self) -> float:
        finished = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(finished,))
        watcher.start()
        try:
            self._send({"do": "run"})
            answer = self._receive()
            self.cpu = min(self.cpu, answer["cpu_seconds"])
            return answer["seconds"]
        finally:
            finished.set()
            watcher.join()

    def _watch(self, finished: threading.Event) -> None:
        while not finished.wait(0.01):
            over = resident_mb(self._process.pid) - self._base
            self.memory = max(self.memory, round(over, 1))

    def peak(self) -> float:
        self._send({"do": "peak"})
        return self._receive()["gflops"]

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def _send(self, message: dict) -> None:
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer that doesn't come says why

    def _receive(self) -> dict:
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise FilmError(
            "bench.worker",
            "The measured process ended: {reason}",
            reason=self._process.stderr.read().strip()[-500:],
        )
