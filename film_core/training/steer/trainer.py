"""The loop that trains the branch: resumable at any step, and the same whenever it is stopped."""

import dataclasses
import hashlib
import math
import signal
import time

import jittor as jt
import numpy as np

from film_core.checkpoints import Card, save_branch
from film_core.net.steer import SteerBranch, grid_planes
from film_core.tasks import TASKS
from film_core.training.experiment import Experiment, TrainingError
from film_core.training.optimiser import Adam, FlatParameters, clip
from film_core.training.state import TrainingState
from film_core.training.steer.losses import edit_loss, place_loss, total_loss, word_losses
from film_core.training.steer.recipe import SteerRecipe
from film_core.training.steer.sampling import SceneView, SteerSampler
from film_core.training.steer.scenes import Scene
from film_core.training.steer.sentences import SentencePool

LOG_EVERY = 50
VALIDATE_EVERY = 250
WARM_UP = 100


class SteerTrainer:
    """Trains a branch; everything that it computes is decided by recipe, scenes and sentences.

    Args:
        branch: with its initial weights.
        scenes: of `make_scenes`; one pair in ten is held out, by a hash of its name.
        pool: of `make_pool`; the last 200 sentences are held out.
        empty_text: (T, width) float32, the encoder's features of two empty texts, kept with the
            weights.
        recipe, experiment, card: settings, where to write, and what is known; the card's name is
            the beginning of the four files' names, one for each task.
        save_every: seconds between saves.
    """

    def __init__(
        self, branch: SteerBranch, scenes: list[Scene], pool: SentencePool,
        empty_text: np.ndarray, recipe: SteerRecipe, experiment: Experiment, card: Card,
        save_every: float = 120,
    ) -> None:  # fmt: skip
        self.branch, self.recipe, self.experiment = branch, recipe, experiment
        self.card, self.save_every, self.empty_text = card, save_every, empty_text
        views = [scene_view(branch, scene) for scene in scenes]
        kept, held = split_scenes(views)
        held_words = min(200, len(pool.sentences) // 10)
        trained = SentencePool(*(part[:-held_words] for part in _parts(pool)))
        tested = SentencePool(*(part[-held_words:] for part in _parts(pool)))
        self.sampler = SteerSampler(kept, trained, recipe)
        self.held_out = SteerSampler(held or kept, tested, recipe)
        layout = {name: tuple(var.shape) for name, var in branch.state_dict().items()}
        self.parameters = FlatParameters(branch, layout)
        self.state = TrainingState.begin(self.parameters.read())
        self.adam = Adam(self.state.parameters.size)
        self.stopped = False

    def resume(self) -> None:
        """Carry on from what the experiment saved last."""
        self.state = TrainingState.load(self.experiment.state)
        self.adam.first, self.adam.second = self.state.first, self.state.second
        self.parameters.write(self.state.parameters)

    def train(self) -> TrainingState:
        """Run until the last step or a signal to stop; return the last state.

        Raises:
            TrainingError: a loss is not a number; the state before is kept.
            OutputError: no room, no permission.
        """
        state, steps, log = self.state, self.recipe.steps, self.experiment.log
        log.info("%d scenes, %d sentences, from step %d of %d", len(self.sampler.views),
                 len(self.sampler.pool.sentences), state.step, steps)  # fmt: skip
        started = saved = time.monotonic()
        spent = state.seconds
        previous = {s: signal.signal(s, self._stop) for s in (signal.SIGTERM, signal.SIGINT)}
        try:
            while state.step < steps and not self.stopped:
                values = self._step()
                state.seconds = spent + time.monotonic() - started
                if state.step % LOG_EVERY == 0:
                    listed = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
                    log.info("step %d  %s  %.0f s", state.step, listed, state.seconds)
                if state.step % VALIDATE_EVERY == 0 or state.step == steps:
                    self._validate()
                if time.monotonic() - saved > self.save_every:
                    self._save()
                    saved = time.monotonic()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            self._save()
        return state

    def _stop(self, *_) -> None:
        self.stopped = True  # after the step that is running

    def _step(self) -> dict[str, float]:
        state, recipe = self.state, self.recipe
        losses = word_losses(self.branch, self.sampler.words(state.step))
        losses["places"] = place_loss(self.branch, self.sampler.places(state.step))
        if state.step % recipe.edit_every == 0:
            losses["edits"] = edit_loss(self.branch, self.sampler.edits(state.step))
        gradient = self.parameters.gradient(total_loss(losses, recipe))
        values = {name: float(loss.item()) for name, loss in losses.items()}
        values["gradient"] = clip(gradient, recipe.clip_norm)
        if not all(map(math.isfinite, values.values())):
            raise TrainingError(
                "training.not_a_number",
                "Step {step} gave no number for {broken} on {pairs}; the weights before it are in "
                "'{path}'. A lower learning rate or clip_norm may help.",
                step=state.step, pairs="sentences",
                broken=", ".join(n for n, v in values.items() if not math.isfinite(v)),
                path=str(self.experiment.state),
            )  # fmt: skip
        self.adam.update(state.parameters, gradient, self._rate(), state.step + 1)
        state.step += 1
        state.first, state.second = self.adam.first, self.adam.second
        state.follow(recipe.average)
        self.parameters.write(state.parameters)
        return values

    def _rate(self) -> float:
        done, recipe = self.state.step, self.recipe
        falling = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done / recipe.steps))
        return recipe.learning_rate * falling * min(1.0, (done + 1) / WARM_UP)

    def _validate(self) -> None:
        """Log how many held-out sentences are understood, by averaged weights.

        Understood: over a held-out scene, the strengths asked for are off by less than 0.12 in
        sum, on average over the cells.
        """
        self.parameters.write(self.state.average)
        pool, views = self.held_out.pool, self.held_out.views
        by_kind: dict[str, list[bool]] = {}
        with jt.no_grad():
            for start in range(0, len(pool.sentences), 50):
                chosen = range(start, min(start + 50, len(pool.sentences)))
                batch = self.held_out.word_batch(chosen, np.random.default_rng(1), noisy=False)
                keys, values = self.branch.text(
                    jt.array(batch.words), jt.array(batch.present), jt.array(batch.sources)
                )
                shown = [views[n % len(views)] for n in chosen]
                queries = self.branch.queries(jt.array(np.stack([v.features for v in shown])))
                maps = self.branch.word_maps(keys, queries)
                made = self.branch.strengths(maps, values).numpy()
                for row, (number, view) in enumerate(zip(chosen, shown, strict=True)):
                    sentence = pool.sentences[number]
                    apart = np.abs(made[row] - view.field(sentence.clauses)).sum(0).mean()
                    by_kind.setdefault(sentence.kind, []).append(apart < 0.12)
            edit = float(edit_loss(self.branch, self.held_out.edits(0)).item())
            place = float(place_loss(self.branch, self.held_out.places(0)).item())
        self.parameters.write(self.state.parameters)
        kinds = "  ".join(f"{kind} {np.mean(found):.2f}" for kind, found in sorted(by_kind.items()))
        self.experiment.log.info(
            "held out at step %d: understood %s  places %.4f  edits %.4f",
            self.state.step, kinds, place, edit,
        )  # fmt: skip

    def _save(self) -> None:
        self.state.save(self.experiment.state)
        tensors = dict(self.parameters.split(self.state.average))
        tensors["empty_text"] = self.empty_text
        seconds = round(self.state.seconds)
        notes = f"{self.card.notes} Step {self.state.step} of {self.recipe.steps}, {seconds} s."
        for task in TASKS:  # one training serves all four
            name = f"{self.card.name}-{task}"
            card = dataclasses.replace(self.card, name=name, task=task, notes=notes.strip())
            save_branch(tensors, self.experiment.model / f"{name}.safetensors", card)


def scene_view(branch: SteerBranch, scene: Scene) -> SceneView:
    """Return the scene with its grid features."""
    images = jt.array(np.stack([scene.a, scene.b, scene.neutral])[None])
    with jt.no_grad():
        return SceneView(scene, grid_planes(images, branch.config.grid).features.numpy()[0])


def split_scenes(views: list[SceneView]) -> tuple[list[SceneView], list[SceneView]]:
    """Return those to train on and those held out, all versions of a pair on one side."""
    held = [view for view in views if _held_out(view.scene.pair)]
    return [view for view in views if not _held_out(view.scene.pair)], held


def _held_out(pair: str) -> bool:
    return hashlib.sha256(pair.encode()).digest()[0] < 26


def _parts(pool: SentencePool) -> tuple[list, list, list]:
    return pool.sentences, pool.features, pool.marks
