"""The four fusion tasks: what each source shows, and whose colour the fused picture takes."""

from dataclasses import dataclass

from film_core.errors import unknown_name


@dataclass(frozen=True)
class Modality:
    """One of the two kinds of source image of a task.

    Attributes:
        name: the field's word for it, lower case ("infrared").
        folder: its folder in the published data layout ("IR").
    """

    name: str
    folder: str


@dataclass(frozen=True)
class Task:
    """A fusion task.

    Attributes:
        name: short name as used everywhere ("ivf").
        long_name: title for people ("Infrared and visible").
        source_a, source_b: the two modalities, in the network's order.
        chroma: whose colour the fused picture takes: "b" (the second source's), or "weighted"
            (both, each pixel weighted by how far its chroma is from grey).
        sentence: what the fused picture should keep, for somebody who is new to the field.
    """

    name: str
    long_name: str
    source_a: Modality
    source_b: Modality
    chroma: str
    sentence: str


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            "ivf", "Infrared and visible",
            Modality("infrared", "IR"), Modality("visible", "VI"), "b",
            "Warm objects from the infrared, texture and colour from the visible image.",
        ),
        Task(
            "mif", "Medical",
            Modality("MRI", "MRI"), Modality("CT/PET/SPECT", "T"), "b",
            "Soft tissue from the MRI, bone or uptake from the CT, PET or SPECT image.",
        ),
        Task(
            "mef", "Multi-exposure",
            Modality("over-exposed", "OVER"), Modality("under-exposed", "UNDER"), "weighted",
            "Shadows from the over-exposed, highlights from the under-exposed image.",
        ),
        Task(
            "mff", "Multi-focus",
            Modality("near focus", "NEAR"), Modality("far focus", "FAR"), "weighted",
            "Whatever is sharp in either image.",
        ),
    )
}  # fmt: skip


def find_task(name: str) -> Task:
    """Return the task called `name` (case does not matter).

    Raises:
        UnknownNameError: no such task; the closest name is suggested.
    """
    try:
        return TASKS[str(name).strip().lower()]
    except KeyError:
        raise unknown_name("task", name, TASKS) from None
