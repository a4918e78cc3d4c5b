"""The training loop: one step after another, saved every few minutes, stopped at the first NaN."""

import math
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jittor as jt
import numpy as np

from film_core.checkpoints import Card, save_weights
from film_core.checkpoints.writing import replace_atomically
from film_core.data import PreparedFile
from film_core.images import write_image
from film_core.training.experiment import Experiment, TrainingError
from film_core.training.held_out import doubtful, with_held_out
from film_core.training.losses import LossInput, compute_losses
from film_core.training.optimiser import Adam, FlatParameters, clip
from film_core.training.orthogonal import Muon
from film_core.training.parallel import Ranks
from film_core.training.recipe import Recipe
from film_core.training.sampling import Batch, Sampler
from film_core.training.schedule import learning_rate
from film_core.training.state import TrainingState
from film_core.training.validation import NAMES, validate

LOG_EVERY = 20
PICTURES = 2
"""Batches of each epoch whose sources and fused image are kept."""


class Trainer:
    """Trains a network; everything that it computes is decided by the recipe, data and weights.

    Args:
        film: the network, carrying its initial weights.
        files: open prepared files.
        recipe: see `Recipe`.
        experiment: where everything is written.
        card: what is known about the weights; completed and saved with them.
        save_every: seconds between saves of the state.
        init: card of the weights that the network carries, None where nobody trained them.
    """

    def __init__(
        self,
        film,
        files: list[PreparedFile],
        recipe: Recipe,
        experiment: Experiment,
        card: Card,
        save_every: float = 180,
        init: Card | None = None,
    ) -> None:
        self.film, self.recipe, self.experiment = film, recipe, experiment
        self.save_every = save_every
        self.ranks = Ranks()
        self.ranks.check(recipe)
        self.sampler = Sampler(files, recipe)
        self.doubtful = doubtful(self.sampler.validation_names, init)
        self.card = with_held_out(card, self.sampler.validation_names, self.doubtful, init)
        self.held_out = [file.read(name) for file, name in self.sampler.validation]
        self.parameters = FlatParameters(film)
        self.state = TrainingState.begin(self.ranks.from_first(self.parameters.read()))
        self.parameters.write(self.state.parameters)
        self.optimiser = (
            Muon(self.parameters.layout)
            if recipe.optimiser == "muon"
            else Adam(self.state.parameters.size)
        )
        self.steps = max(1, math.ceil(recipe.epochs * self.sampler.steps_an_epoch))
        self.asked_to_stop = self.stopped = False

    def resume(self) -> None:
        """Carry on from what the experiment saved last.

        Raises:
            TruncatedCheckpointError: the saved state is damaged.
            TrainingError: it is that of another network.
        """
        state = TrainingState.load(self.experiment.state)
        wanted = self.state.parameters.shape
        for array in (state.parameters, state.first, state.second, state.average):
            if array.shape != wanted:
                raise TrainingError(
                    "training.other_network",
                    "'{path}' holds {seen} parameters, the network of this run has {wanted}; the "
                    "run was begun with text features of another width.",
                    path=str(self.experiment.state), seen=array.size, wanted=wanted[0],
                )  # fmt: skip
        self.state = state
        self.optimiser.first, self.optimiser.second = self.state.first, self.state.second
        self.parameters.write(self.state.parameters)

    def train(self, cancelled: Callable[[], bool] | None = None) -> TrainingState:
        """Run until the last step, a signal to stop, or `cancelled`; return the last state.

        Raises:
            TrainingError: the loss or its gradient is not a number; the state before is kept.
            OutputError: no room, no permission.
        """
        log = self.experiment.log
        events = self.experiment.events() if self.ranks.leads else None
        log.info(
            "training on %d pairs, %d held out, %d steps (%.1f an epoch), from step %d",
            len(self.sampler.train), len(self.held_out), self.steps,
            self.sampler.steps_an_epoch, self.state.step,
        )  # fmt: skip
        if self.doubtful:
            log.warning(
                "of the pairs held out, %d may have been trained on before: %s",
                len(self.doubtful), ", ".join(self.doubtful),
            )  # fmt: skip
        started, saved, begun = time.monotonic(), time.monotonic(), self.state.step
        spent = self.state.seconds
        previous = {s: signal.signal(s, self._stop) for s in (signal.SIGTERM, signal.SIGINT)}
        try:
            while self.state.step < self.steps and not self.stopped:
                if cancelled is not None and cancelled():
                    break
                values = self._step()
                self.state.seconds = spent + time.monotonic() - started
                done = self.state.step
                if done % LOG_EVERY == 0 or done == self.steps:
                    left = (time.monotonic() - started) / (done - begun) * (self.steps - done)
                    self._report(events, values, left)
                if self._validates(done):
                    self._validate(events)
                if self._ends_epoch(done):
                    self._save_epoch()
                if time.monotonic() - saved > self.save_every or self._ends_epoch(done):
                    self._save_state()
                    saved = time.monotonic()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            self._save_state()
            if events is not None:
                events.close()
        if not self.ranks.leads:
            return self.state
        if self.state.step >= self.steps:
            self._finish()
        else:
            self._save_average(self.card)
            log.info("stopped after step %d; resume with --resume %s", self.state.step,
                     self.experiment.folder)  # fmt: skip
        return self.state

    def _stop(self, *_) -> None:
        self.asked_to_stop = True  # acted on once every process has heard of it, in a step or two

    def _step(self) -> dict[str, float]:
        """Do one step; return what there is to log."""
        state = self.state
        batch = self.ranks.part(self.sampler.batch(state.step))
        a, b = jt.array(batch.image_a), jt.array(batch.image_b)
        self.film.gates_learn = state.step % self.recipe.gate_every == 0
        fused = self.film(a, b, jt.array(batch.text))
        given = LossInput(
            fused[:, 0], a[:, 0], b[:, 0], jt.array(batch.answer[:, 0]),
            jt.array(batch.known[:, None, None]),
            jt.array(batch.aim_a[:, 0]), jt.array(batch.aim_b[:, 0]),
        )  # fmt: skip
        total, terms = compute_losses(given, self.recipe.losses)
        gradient = self.parameters.gradient(total)
        names = ["total", *terms]
        losses = [float(value.item()) for value in (total, *terms.values())]
        # One message: what was measured and who was asked to stop travel behind the gradient.
        together = self.ranks.mean(
            np.concatenate([gradient, np.float32([*losses, float(self.asked_to_stop)])])
        )
        gradient, measured = together[: gradient.size], together[gradient.size :]
        self.stopped = bool(measured[-1] > 0)
        values = dict(zip(names, map(float, measured[:-1]), strict=True))
        values["gradient_norm"] = clip(gradient, self.recipe.clip_norm)
        if not all(math.isfinite(value) for value in values.values()):
            raise self._not_a_number(batch, values)
        rate = learning_rate(self.recipe, state.step, self.steps, self.sampler.steps_an_epoch)
        self._keep_pictures(batch, fused)
        self.optimiser.update(state.parameters, gradient, rate, state.step + 1)
        state.step += 1
        state.first, state.second = self.optimiser.first, self.optimiser.second
        state.follow(self.recipe.average)
        self.parameters.write(state.parameters)
        return values | {"learning_rate": rate}

    def _not_a_number(self, batch: Batch, values: dict[str, float]) -> TrainingError:
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        return TrainingError(
            "training.not_a_number",
            "Step {step} gave no number for {broken} on {pairs}; the weights before it are in "
            "'{path}'. A lower learning rate or clip_norm may help.",
            step=self.state.step, broken=", ".join(broken), pairs=", ".join(batch.names),
            path=str(self.experiment.state),
        )  # fmt: skip

    def _report(self, events, values: dict[str, float], left: float) -> None:
        if not self.ranks.leads:
            return
        step = self.state.step
        listed = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        self.experiment.log.info(
            "step %d of %d  %s  %s left", step, self.steps, listed, _duration(left)
        )
        events.add({f"train/{name}": value for name, value in values.items()}, step)

    def _validates(self, done: int) -> bool:
        every = self.recipe.validate_every
        due = done % every == 0 if every else self._ends_epoch(done)
        return self.ranks.leads and bool(self.held_out) and (due or done == self.steps)

    def _ends_epoch(self, done: int) -> bool:
        return self._completes_epoch(done) or done == self.steps

    def _completes_epoch(self, done: int) -> bool:
        return self.sampler.epochs_after(done) > self.sampler.epochs_after(done - 1)

    def _validate(self, events) -> dict[str, float]:
        self.parameters.write(self.state.average)
        measured = validate(self.film, self.held_out)
        self.parameters.write(self.state.parameters)
        listed = "  ".join(f"{name} {measured[name]:.3f}" for name in NAMES)
        self.experiment.log.info("held out at step %d: %s", self.state.step, listed)
        scalars = {f"held_out/{name}": value for name, value in measured.items()}
        events.add(scalars, self.state.step)
        return measured

    def _save_state(self) -> None:
        if self.ranks.leads:
            self.state.save(self.experiment.state)

    def _save_epoch(self) -> None:
        """Write ckpt_<epoch>.pkl in the published layout, and the averaged weights."""
        if not self.ranks.leads:
            return
        epoch = self.sampler.epochs_after(self.state.step)
        if not self._completes_epoch(self.state.step):
            epoch += 1  # the run ends within this one
        state, split = self.state, self.parameters.split
        content = {
            "model": {f"module.{key}": value for key, value in split(state.parameters).items()},
            "optimizer1": {"first": split(state.first), "second": split(state.second)},
            "lr_schedule1": self.recipe.as_dict(),
            "epoch": epoch,
            "step": state.step,
        }
        path = self.experiment.model / f"ckpt_{epoch}.pkl"
        replace_atomically(path, lambda unfinished: _save_pickle(content, unfinished))
        self._thin_out(epoch)
        self._save_average(self.card)

    def _thin_out(self, last: int) -> None:
        """Delete checkpoints before epoch `last`, 25 MB each: every tenth and the last suffice."""
        for path in self.experiment.model.glob("ckpt_*.pkl"):
            number = path.stem.removeprefix("ckpt_")
            if number.isdecimal() and int(number) < last and int(number) % 10:
                path.unlink(missing_ok=True)

    def _save_average(self, card: Card) -> Path:
        path = self.experiment.model / f"{self.card.name}.safetensors"
        save_weights(self.parameters.split(self.state.average), path, card)
        return path

    def _keep_pictures(self, batch: Batch, fused: jt.Var) -> None:
        epoch, place = self.sampler.place(self.state.step)
        if place >= PICTURES or not self.ranks.leads:
            return
        shown = [batch.image_a[0, 0], batch.image_b[0, 0], fused.numpy()[0, 0]]
        strip = np.rint(255 * np.clip(np.concatenate(shown, axis=1), 0, 1)).astype(np.uint8)
        write_image(self.experiment.pictures / f"epoch{epoch:04d}_batch{place}.png", strip)

    def _finish(self) -> None:
        held_out = validate(self._averaged(), self.held_out) if self.held_out else {}
        held_out = {name: value for name, value in held_out.items() if not math.isnan(value)}
        card = replace(self.card, results={"held out of training": held_out} if held_out else {})
        path = self._save_average(card)
        self.experiment.log.info(
            "done after %s; weights in %s", _duration(self.state.seconds), path
        )

    def _averaged(self):
        self.parameters.write(self.state.average)
        return self.film


def _save_pickle(content: dict, path: Path) -> None:
    """Write as Jittor's `jt.save` does for a name that ends in .pkl."""
    import hashlib
    import pickle

    from film_core.checkpoints.jittor_pickle import MARKER

    stream = pickle.dumps(content, 4)
    path.write_bytes(stream + hashlib.sha1(stream).digest() + MARKER)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
