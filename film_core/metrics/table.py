"""The twelve metrics by name, in the order of the field's tables, and the mean row of a table."""

from collections.abc import Iterable, Mapping

import numpy as np

from film_core.errors import unknown_name
from film_core.metrics import (
    average_gradient,
    correlation_coefficient,
    entropy,
    gradient_preservation,
    mean_squared_error,
    mutual_information,
    peak_signal_to_noise,
    spatial_frequency,
    standard_deviation,
    structural_similarity,
    sum_of_difference_correlations,
    visual_information,
)
from film_core.metrics.metric import Metric

METRICS: dict[str, Metric] = {
    module.METRIC.name: module.METRIC
    for module in (
        entropy,
        standard_deviation,
        spatial_frequency,
        average_gradient,
        mutual_information,
        mean_squared_error,
        peak_signal_to_noise,
        correlation_coefficient,
        sum_of_difference_correlations,
        visual_information,
        gradient_preservation,
        structural_similarity,
    )
}


def find_metric(name: str) -> Metric:
    """Return the metric called `name` (case does not matter).

    Raises:
        UnknownNameError: no such metric; the closest name is suggested.
    """
    for metric in METRICS.values():
        if metric.name.lower() == str(name).strip().lower():
            return metric
    raise unknown_name("metric", name, METRICS)


def mean_row(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean over `rows` of each metric, as the field's tables print it.

    Values that are nan (undefined for that image) are left out of their mean; a metric that is
    undefined in every row, or a table without rows, gives nan. An infinite PSNR stays infinite.
    """
    columns: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    means = {}
    for name, values in columns.items():
        defined = [value for value in values if not np.isnan(value)]
        means[name] = float(np.mean(defined)) if defined else float("nan")
    return means
