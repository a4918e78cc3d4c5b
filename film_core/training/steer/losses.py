"""What the branch is trained on; all take and return Jittor variables."""

import jittor as jt

from film_core.net.steer import SteerBranch
from film_core.training.steer.recipe import SteerRecipe
from film_core.training.steer.sampling import EditBatch, PlaceBatch, WordBatch

UNNAMED = 0.5
"""How much more it costs to touch what was not named."""


def word_losses(branch: SteerBranch, batch: WordBatch) -> dict[str, jt.Var]:
    """Return the losses of a step's sentences.

    "keys", "values" and "quiet" are squared errors of what words are made into: keys of words that
    speak of a place, values of an operation's words together, and what all other words bring, which
    should be nothing. "maps" and "fields" are what they come to at cells of a scene: the
    cross-entropy of words' maps with the regions that they speak of, and the absolute error of the
    strengths asked for, touching what was not named counting more than doing too little. (Maps
    learn from the first alone: from the second they would learn to be nowhere, before any place is
    known, and where a map is zero it has no slope to come back.)
    """
    present = jt.array(batch.present)
    keys, values = branch.text(jt.array(batch.words), present, jt.array(batch.sources))
    apart = keys - jt.array(batch.keys)
    of_keys = ((apart * apart).sum(2) * jt.array(batch.marked)).sum()
    together = jt.matmul(jt.array(batch.spans), values) - jt.array(batch.values)
    of_values = ((together * together).sum(2) * jt.array(batch.acting)).sum()
    queries = branch.queries(jt.array(batch.cells))
    scores = branch.word_scores(keys, queries)  # (B, T, N)
    astray = _cross_entropy(scores, jt.array(batch.inside)).mean(2) * jt.array(batch.marked)
    # Sums as they are: within bounds too much asked for would have no slope.
    asked = jt.matmul(values.transpose(0, 2, 1), jt.sigmoid(scores).detach())  # (B, 9, N)
    fields = jt.array(batch.fields)
    unnamed = jt.array(1 + UNNAMED * (batch.fields == 0).astype("float32"))
    brought = (values * values).sum(2) + 0.1 * jt.abs(values).sum(2)
    return {
        "keys": of_keys / max(1.0, batch.marked.sum()),
        "values": of_values / max(1.0, batch.acting.sum()),
        "quiet": (brought * jt.array(batch.quiet)).sum() / batch.quiet.sum(),
        "maps": astray.sum() / max(1.0, batch.marked.sum()),
        "fields": (jt.abs(asked - fields) * unnamed).sum(1).mean(),
    }


def place_loss(branch: SteerBranch, batch: PlaceBatch) -> jt.Var:
    """Return the mean cross-entropy of every place's score with where the place is."""
    scores = branch.queries(jt.array(batch.features).unsqueeze(0))[0]  # (N, places)
    inside = jt.array(batch.places)
    return _cross_entropy(scores, inside).mean()


def _cross_entropy(scores: jt.Var, inside: jt.Var) -> jt.Var:
    """log(1 + e^s) - inside s, written so that nothing overflows."""
    return jt.maximum(scores, 0.0) + jt.log(1 + jt.exp(-jt.abs(scores))) - inside * scores


def edit_loss(branch: SteerBranch, batch: EditBatch) -> jt.Var:
    """Return the mean absolute error of edited crops and of their slopes."""
    images = jt.array(batch.images)
    change = branch.edit(images, jt.array(batch.means), jt.array(batch.strengths))
    error = images[:, 2:] + change - jt.array(batch.target)
    across = error[:, :, :, 1:] - error[:, :, :, :-1]
    down = error[:, :, 1:] - error[:, :, :-1]
    return jt.abs(error).mean() + 0.5 * (jt.abs(across).mean() + jt.abs(down).mean())


def total_loss(losses: dict[str, jt.Var], recipe: SteerRecipe) -> jt.Var:
    """Return the sum, weighted by the recipe."""
    return sum((recipe.weight(name) * loss for name, loss in losses.items()), start=jt.array(0.0))
