"""The rows of the benchmark: what is measured, what is aimed at, and whether it is met."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import numpy as np

ALL = "all"


@dataclass(frozen=True)
class Goal:
    """A figure to reach.

    Attributes:
        name: what is measured.
        sense: ``at least``, ``at most``, or "" for controls and remarks, which have no goal.
        limit: the figure.
        share: whether values are right (1) or wrong (0), so that their mean is a share.
    """

    name: str
    sense: str = ""
    limit: float = 0.0
    share: bool = False

    def met(self, value: float) -> bool | None:
        """Whether `value` reaches the goal; None without a goal or a value."""
        if not self.sense or math.isnan(value):
            return None
        return value >= self.limit if self.sense == "at least" else value <= self.limit


GOALS: dict[str, Goal] = {
    key: Goal(*parts)
    for key, parts in {
        "seen": ("edits that do what they say, wordings of kinds seen", "at least", 0.95, True),
        "unseen": ("edits that do what they say, wordings of kinds unseen", "at least", 0.9, True),
        "strong": ("strong edit: mean change inside, grey levels", "at least", 5.0),
        "ordered": ("slightly < plainly < strongly", "at least", 0.95, True),
        "leak": ("leak: mean change outside / inside", "at most", 0.2),
        "paraphrase": ("change between paraphrases / between meanings", "at most", 0.2),
        "facts": ("irrelevant or factual text against empty, grey levels", "at most", 0.5),
        "gibberish": ("gibberish against empty, grey levels", "at most", 1.0),
        "negation": ("negation keeps what it names unchanged", "at least", 0.9, True),
        "map_share": ("place word's map: share inside / share of area", "at least", 2.0),
        "map_peak": ("place word's map: peak inside", "at least", 0.8, True),
        "noise": ("repair of noise: better than without the words", "at least", 0.9, True),
        "noise_db": ("repair of noise: gain in PSNR, dB",),
        "under": ("repair of under-exposure: better than without", "at least", 0.9, True),
        "under_db": ("repair of under-exposure: gain in PSNR, dB",),
        "blur": ("repair of blur: better than without", "at least", 0.9, True),
        "blur_db": ("repair of blur: gain in PSNR, dB",),
        "qabf": ("Qabf with empty text / the exact network's", "at least", 0.99),
        "viff": ("VIFF with empty text / the exact network's", "at least", 0.99),
        "time": ("time / the exact network's", "at most", 1.2),
        "memory": ("peak memory / the exact network's", "at most", 1.2),
        "swapped": ("left and right swapped: the edit follows", "at least", 0.95, True),
        "invented": ("a described fact: steepest new edge, grey levels a pixel", "at most", 1.0),
        "shuffled": ("control: words shuffled, still does what the sentence said", "", 0, True),
        "another": ("control: another picture's description, grey levels", "at most", 0.5),
        "random": ("control: random vectors, grey levels", "at most", 1.0),
    }.items()
}


@dataclass(frozen=True)
class SteerRow:
    """One row: `task` is a task's name or "all"; `count` values made it."""

    task: str
    name: str
    goal: str
    value: float | None
    met: bool | None
    count: int

    def as_dict(self) -> dict:
        """Return the row for JSON."""
        return asdict(self)


Values = Mapping[str, list[float]]


def make_rows(by_task: Mapping[str, Iterable[Values]]) -> list[SteerRow]:
    """Return the rows for each task and over all.

    Args:
        by_task: for each task the values of its pairs, by the keys of `GOALS`. "paraphrase" is
            made from "same" and "other": the means of either are divided.
    """
    gathered = {task: _gathered(pairs) for task, pairs in by_task.items()}
    gathered[ALL] = _gathered(gathered.values())
    return [
        _row(task, key, goal, values)
        for task, values in gathered.items()
        for key, goal in GOALS.items()
        if _found(key, values)
    ]


def _gathered(parts: Iterable[Values]) -> dict[str, list[float]]:
    together: dict[str, list[float]] = {}
    for part in parts:
        for key, values in part.items():
            together.setdefault(key, []).extend(values)
    return together


def _found(key: str, values: Values) -> list[float]:
    return values.get("same" if key == "paraphrase" else key, [])


def _row(task: str, key: str, goal: Goal, values: Values) -> SteerRow:
    found = _found(key, values)
    value = float(np.mean(found))
    if key == "paraphrase":
        other = float(np.mean(values["other"]))
        value = value / other if other > 0 else math.nan
    aim = f"{goal.sense} {goal.limit:g}" if goal.sense else "-"
    shown = None if math.isnan(value) else round(value, 4)
    return SteerRow(task, goal.name, aim, shown, goal.met(value), len(found))


def print_steer_rows(rows: list[SteerRow]) -> str:
    """Return the rows as a table: a line for each goal, a column for each task."""
    tasks = list(dict.fromkeys(row.task for row in rows))
    by_place = {(row.name, row.task): row for row in rows}
    lines = [f"{'':62s}{'goal':>14s}" + "".join(f"{task:>10s}" for task in tasks) + "  met"]
    for goal in GOALS.values():
        of_all = by_place.get((goal.name, ALL))
        if of_all is None:
            continue
        cells = "".join(_cell(by_place.get((goal.name, task)), goal) for task in tasks)
        met = {True: "yes", False: "no", None: "-"}[of_all.met]
        lines.append(f"{goal.name:62s}{of_all.goal:>14s}{cells}  {met}")
    return "\n".join(lines)


def _cell(row: SteerRow | None, goal: Goal) -> str:
    if row is None or row.value is None:
        return f"{'-':>10s}"
    return f"{row.value:>10.1%}" if goal.share else f"{row.value:>10.3f}"
