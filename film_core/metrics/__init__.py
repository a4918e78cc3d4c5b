"""The twelve fusion metrics, one idea a file, with what each says and what it rewards wrongly."""

from film_core.metrics.comparison import compare
from film_core.metrics.inputs import FORMS, grey_levels, paper_form
from film_core.metrics.measure import LOCAL_MAPS, Sources, local_map, measure
from film_core.metrics.metric import LocalMap, Metric
from film_core.metrics.rules import RULES, Rule
from film_core.metrics.table import METRICS, find_metric, mean_row

__all__ = [
    "FORMS",
    "LOCAL_MAPS",
    "METRICS",
    "RULES",
    "LocalMap",
    "Metric",
    "Rule",
    "Sources",
    "compare",
    "find_metric",
    "grey_levels",
    "local_map",
    "mean_row",
    "measure",
    "paper_form",
]
