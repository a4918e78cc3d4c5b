"""Do words steer? Test pairs, wordings never trained on, controls, and rows with goals."""

from film_core.benchmarking.steering.measuring import measure_pair
from film_core.benchmarking.steering.rows import GOALS, Goal, SteerRow, make_rows, print_steer_rows
from film_core.benchmarking.steering.running import DATASETS, run_steering

__all__ = [
    "DATASETS",
    "GOALS",
    "Goal",
    "SteerRow",
    "make_rows",
    "measure_pair",
    "print_steer_rows",
    "run_steering",
]
