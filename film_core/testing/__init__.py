"""Tests of weights: fused images, per-image scores, and the table beside the trivial rules."""

from film_core.testing.fusing import Outcome, measure_folder, test_weights
from film_core.testing.scores import Score, ScoreError, ScoreSheet

__all__ = ["Outcome", "Score", "ScoreError", "ScoreSheet", "measure_folder", "test_weights"]
