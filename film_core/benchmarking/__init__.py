"""How long our network takes and how much memory, beside PyTorch where it is installed."""

from film_core.benchmarking.plans import PLANS, Plan, Task
from film_core.benchmarking.rows import Row, print_rows
from film_core.benchmarking.running import run_plan

__all__ = ["PLANS", "Plan", "Row", "Task", "print_rows", "run_plan"]
