"""Every example: what it shows, what it is made of, under which licence, and who draws it."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent

OWN = "Rendered by this repository's own code; no photograph is involved."
MIT = "MIT, like the repository"
TEMPLATE = (
    "Computed by this repository's own code from the ICBM152 2009 average brain (T1 and tissue "
    "maps) in the nilearn package. No patient: skull, contrast and lesion are simulated."
)
MCGILL = (
    "Copyright (C) 1993-2004 Louis Collins, McConnell Brain Imaging Centre, Montreal Neurological "
    "Institute, McGill University. Permission to use, copy, modify, and distribute for any purpose "
    "and without fee is granted, provided that this notice appears in all copies. Our additions: "
    "MIT."
)


@dataclass(frozen=True)
class Example:
    """A pair that can be drawn.

    Attributes:
        key: "<task>/<name>", also its folder below `FOLDER`.
        title: what it shows, in a few words.
        sentence: why fusing it helps.
        source: what the images are made of.
        licence: under which terms they may be used.
        scene: "<module>:<function>" below `examples.render`, returning {"a": ..., "b": ...}.
    """

    key: str
    title: str
    sentence: str
    source: str
    licence: str
    scene: str

    @property
    def task(self) -> str:
        """Name of its task."""
        return self.key.split("/")[0]

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return FOLDER / self.key

    def draw(self) -> dict[str, np.ndarray]:
        """Return {"a", "b"}, uint8 (H, W) or (H, W, 3), always the same pixels.

        Raises:
            ImageError: a package that the scene is made from is not installed.
        """
        module, function = self.scene.split(":")
        render: Callable = getattr(importlib.import_module(f"examples.render.{module}"), function)
        return render()

    def card(self) -> dict[str, str]:
        """Return what `example.json` says."""
        return {
            "title": self.title,
            "task": self.task,
            "sentence": self.sentence,
            "source": self.source,
            "licence": self.licence,
            "command": f"python -m examples.render {self.key}",
        }


EXAMPLES: dict[str, Example] = {
    example.key: example
    for example in (
        Example(
            "ivf/night-street", "Street at night",
            "Walkers in the dark and behind the headlights are warm; the shop sign, the bricks and "
            "the lamps are only in visible light.",
            OWN, MIT, "street:render",
        ),
        Example(
            "ivf/forest-fog", "Fog on a forest track",
            "Fog hides four people and a deer from the eye but not from the infrared, which in "
            "turn can't read the signpost.",
            OWN, MIT, "forest:render",
        ),
        Example(
            "mif/mri-ct", "Brain: MRI and CT",
            "The MRI tells white from grey matter, the CT shows the bone and three calcifications.",
            TEMPLATE, MCGILL, "brain:render_bone",
        ),
        Example(
            "mif/mri-pet", "Brain tumour: MRI and PET",
            "The MRI shows where the folds run, the PET which tissue burns most sugar.",
            TEMPLATE, MCGILL, "brain:render_glucose",
        ),
        Example(
            "mif/mri-spect", "Stroke: MRI and SPECT",
            "The T2 image shows the swollen tissue, the SPECT how far the blood flow is down "
            "around it.",
            TEMPLATE, MCGILL, "brain:render_perfusion",
        ),
        Example(
            "mef/study-window", "Study with a bright window",
            "One exposure shows the room and burns the view out, the other shows the village "
            "outside and drowns the room.",
            OWN, MIT, "interior:render",
        ),
        Example(
            "mef/lake-sunset", "Sunset over a lake",
            "The long exposure shows cabin, pier and meadow, the short one clouds, snow and sun.",
            OWN, MIT, "valley:render",
        ),
        Example(
            "mff/chess", "Chess board",
            "A wide lens is sharp at the white pieces or at the black ones, never at both.",
            OWN, MIT, "chess:render",
        ),
        Example(
            "mff/photo-prints", "Prints on a table",
            "Four photographs stand at different distances; each picture has the far or the near "
            "ones in focus.",
            "Rendered by this repository's own code with photographs from the scikit-image "
            "package: the astronaut Eileen Collins (NASA), a cat (Stefan van der Walt), a cup of "
            "coffee (Rachel Michetti), a rocket launch (SpaceX), bricks and gravel (CC0Textures).",
            "Astronaut and rocket: public domain. Cat, coffee, bricks, gravel: CC0. Our additions: "
            "MIT.",
            "prints:render",
        ),
    )
}  # fmt: skip
