"""Everything that decides what a training run computes, and the presets."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from film_core.errors import SettingError, unknown_name
from film_core.training.beginning import BEGINNINGS

SCHEDULES = ("step", "cosine", "constant")
MADE_PAIRS = ("none", "focus", "exposure")
OPTIMISERS = ("adam", "muon")


@dataclass(frozen=True)
class Recipe:
    """Settings of a run; two runs with equal recipes and data end with equal weights.

    Attributes:
        preset: the preset that it started from.
        seed: of initial weights, order, crops and everything else that is drawn.
        beginning: initial weights where none are given: "random", or such as compute the
            "maximum" or "mean" of the sources already (see `beginning.py`).
        epochs: how often every pair is seen.
        balance: 0 draws every pair equally often, 1 every data set, however small; between them
            a data set of n pairs is drawn in proportion to n^(1 - balance).
        batch: pairs in a step.
        crop: height and width of random crops; (0, 0) takes whole images.
        flips: mirror crops at random, and swap their sides at random.
        tokens: text tokens drawn from each pair's in a step (their order does not matter to
            FILM); 0 takes all.
        gate_every: every so many steps the gradient also flows through the text gates, which costs
            about a fifth more; between, the gates are computed but taken as given.
        made_pairs: "none", "focus" or "exposure": pairs made from one image, whose answer is known.
        made_share: the share of pairs that are made so.
        focus_answer: weight of the locally sharper source as the answer of pairs that aren't made
            (see `in_focus.py`); 0 leaves them without one.
        contrast: how far a pair's tones may be spread in the brightness and edges that the losses
            ask for (see `tones.py`); 1 leaves them as they are.
        losses: {loss term: weight}.
        optimiser: "adam", or "muon": steps of equal size in all directions of every convolution's
            matrix (see `orthogonal.py`), Adam for the rest.
        learning_rate: the optimiser's, at the start (after the warm-up).
        schedule: "step" (times `decay` every `decay_epochs`), "cosine" (down to a hundredth), or
            "constant" (a run that may be stopped whenever its average is good enough).
        decay, decay_epochs: of the step schedule.
        warmup_steps: steps in which the learning rate rises from 0 to `learning_rate`.
        clip_norm: largest norm of the whole gradient; 0 leaves it as it is.
        average: decay of the exponential moving average of the weights; 0 for none.
        validation_share: share of the training pairs held out for validation.
        validation_pairs: at most so many.
        validate_every: steps between validations; 0 after every epoch.
    """

    preset: str = "published"
    seed: int = 0
    beginning: str = "random"
    epochs: float = 150.0
    balance: float = 0.0
    batch: int = 2
    crop: tuple[int, int] = (0, 0)
    flips: bool = False
    tokens: int = 0
    gate_every: int = 1
    made_pairs: str = "none"
    made_share: float = 0.0
    focus_answer: float = 0.0
    contrast: float = 1.0
    losses: dict[str, float] = field(default_factory=lambda: {"intensity": 1.0, "gradient": 20.0})
    optimiser: str = "adam"
    learning_rate: float = 1e-5
    schedule: str = "step"
    decay: float = 0.6
    decay_epochs: float = 50.0
    warmup_steps: int = 0
    clip_norm: float = 0.0
    average: float = 0.0
    validation_share: float = 0.1
    validation_pairs: int = 8
    validate_every: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))


_STUDIO = Recipe(
    preset="film-studio",
    beginning="maximum",
    epochs=8.0,
    balance=0.5,
    batch=1,
    crop=(96, 128),
    flips=True,
    tokens=16,
    learning_rate=6e-4,
    schedule="cosine",
    warmup_steps=40,
    clip_norm=5.0,
    average=0.99,
    validate_every=200,
    losses={"intensity": 2.0, "signed_gradient": 3.0, "edges": 10.0, "information": 0.4},
)

PRESETS: dict[str, tuple[str, Recipe]] = {
    "published": ("The procedure of the paper: whole 288x384 pairs, Adam 1e-5, 150 epochs.",
                  Recipe()),
    "film-studio": ("Begins at the per-pixel maximum; random crops, flips, small data sets drawn "
                    "more often, cosine schedule, averaged weights, and losses that also reward "
                    "edges kept with their direction and visual information kept.",
                    _STUDIO),
    "film-studio-mef": ("film-studio for exposures: brightness between the sources, not the "
                        "brighter one's.",
                        dataclasses.replace(_STUDIO, preset="film-studio-mef", beginning="mean",
                                            losses={
                            "mean": 1.0, "signed_gradient": 2.0, "edges": 4.0, "information": 1.0,
                        })),
    "film-studio-mff": ("film-studio for focus: half of the pairs are made from one image, whose "
                        "right fusion is known.",
                        dataclasses.replace(_STUDIO, preset="film-studio-mff", beginning="mean",
                                            made_pairs="focus", made_share=0.5, losses={
                            "mean": 0.5, "signed_gradient": 3.0, "edges": 4.0, "information": 1.5,
                            "answer": 4.0, "answer_edges": 2.0,
                        })),
}  # fmt: skip

DEFAULT_PRESET = "published"


def make_recipe(preset: str, changes: dict[str, Any]) -> Recipe:
    """Return the preset with `changes` made to it.

    Args:
        preset: a name of `PRESETS`.
        changes: {field name: value}; strings are converted to the field's type, as ``3e-4``,
            ``176x256`` or ``intensity=4,edges=2``.

    Raises:
        UnknownNameError: no such preset or setting.
        SettingError: a value that a setting can't have.
    """
    if preset not in PRESETS:
        raise unknown_name("preset", preset, PRESETS)
    recipe = PRESETS[preset][1]
    known = {item.name for item in dataclasses.fields(Recipe)} - {"preset"}
    values = {}
    for name, value in changes.items():
        if name not in known:
            raise unknown_name("training setting", name, known)
        values[name] = _converted(name, value, getattr(recipe, name))
    recipe = dataclasses.replace(recipe, **values)
    _check(recipe)
    return recipe


def recipe_from_dict(content: dict[str, Any]) -> Recipe:
    """Return the recipe that `as_dict` gave."""
    return Recipe(**{**content, "crop": tuple(content["crop"])})


def check_ranges(recipe: Any, limits: dict[str, tuple[float, float]]) -> None:
    """Raise SettingError where a setting of `recipe` is out of `limits`, {name: (low, high)}."""
    for name, (low, high) in limits.items():
        value = getattr(recipe, name)
        if not low <= value <= high:
            raise SettingError(
                "training.range",
                "The training setting {name} is {value}; it must lie between {low:g} and {high:g}.",
                name=name, value=value, low=low, high=high,
            )  # fmt: skip


def _converted(name: str, value: Any, like: Any) -> Any:
    try:
        if isinstance(like, bool):
            if str(value).lower() not in ("true", "false", "1", "0", "yes", "no"):
                raise ValueError(value)
            return str(value).lower() in ("true", "1", "yes")
        if isinstance(like, tuple):
            sides = value.lower().split("x") if isinstance(value, str) else value
            height, width = (int(side) for side in sides)
            return (height, width)
        if isinstance(like, dict):
            terms = value
            if isinstance(value, str):
                terms = dict(part.split("=", 1) for part in value.split(",") if part)
            return {str(key).strip(): float(weight) for key, weight in terms.items()}
        return type(like)(value)
    except (TypeError, ValueError):
        raise SettingError(
            "training.setting",
            "The training setting {name} can't be '{value}'; an example is '{example}'.",
            name=name, value=str(value), example=str(like),
        ) from None  # fmt: skip


def _check(recipe: Recipe) -> None:
    named = (("schedule", SCHEDULES), ("made_pairs", MADE_PAIRS), ("beginning", BEGINNINGS),
             ("optimiser", OPTIMISERS))  # fmt: skip
    for name, allowed in named:
        if getattr(recipe, name) not in allowed:
            raise unknown_name(name.replace("_", " "), getattr(recipe, name), allowed)
    limits = {
        "epochs": (1e-6, 1e6), "batch": (1, 1024), "learning_rate": (0, 1), "decay": (0, 1),
        "decay_epochs": (1e-6, 1e6), "warmup_steps": (0, 1e7), "clip_norm": (0, 1e9),
        "average": (0, 0.999999), "made_share": (0, 1), "balance": (0, 1),
        "validation_share": (0, 0.9), "validation_pairs": (0, 1e6), "validate_every": (0, 1e9),
        "tokens": (0, 10_000), "gate_every": (1, 1e6), "seed": (0, 2**31 - 1),
        "focus_answer": (0, 1), "contrast": (1, 4),
    }  # fmt: skip
    check_ranges(recipe, limits)
    weights = recipe.losses.values()
    if not any(weights) or not all(0 <= weight < float("inf") for weight in weights):
        seen = ", ".join(f"{name}={weight:g}" for name, weight in recipe.losses.items())
        raise SettingError(
            "training.losses",
            "The weights of the losses are {seen}; they must be finite, not negative, and not all "
            "zero.",
            seen=seen or "none",
        )  # fmt: skip
    height, width = recipe.crop
    if (height, width) != (0, 0) and min(height, width) < 48:
        raise SettingError(
            "training.crop",
            "Crops of {height}x{width} are too small; at least 48 pixels a side are needed.",
            height=height, width=width,
        )  # fmt: skip
