"""The data sets of the field by name: their task, and what their two folders are called."""

from dataclasses import dataclass

from film_core.tasks import TASKS


@dataclass(frozen=True)
class Dataset:
    """A published set of image pairs.

    Attributes:
        name: as in tables ("RoadScene").
        task: name of its task.
        folders: the pairs of folder names (A, B) under which it is found, the VLFDataset layout's
            first, then those of its original distribution.
        reference: who made it.
    """

    name: str
    task: str
    folders: tuple[tuple[str, str], ...]
    reference: str


def _dataset(name: str, task: str, reference: str, *original: tuple[str, str]) -> Dataset:
    published = (TASKS[task].source_a.folder, TASKS[task].source_b.folder)
    return Dataset(name, task, (published, *original), reference)


DATASETS: dict[str, Dataset] = {
    entry.name: entry
    for entry in (
        # The eight of the published procedure.
        _dataset("MSRS", "ivf", "Tang et al., PIAFusion, 2022", ("ir", "vi")),
        _dataset("RoadScene", "ivf", "Xu et al., U2Fusion, 2020",
                 ("cropinfrared", "crop_LR_visible"), ("ir", "vi")),
        _dataset("M3FD", "ivf", "Liu et al., TarDAL, 2022", ("Ir", "Vis")),
        _dataset("Harvard", "mif", "Johnson and Becker, Whole Brain Atlas",
                 ("MRI", "CT"), ("MRI", "PET"), ("MRI", "SPECT")),
        _dataset("SICE", "mef", "Cai et al., 2018", ("over", "under"), ("oe", "ue")),
        _dataset("MEFB", "mef", "Zhang, 2021", ("A", "B")),
        _dataset("RealMFF", "mff", "Zhang et al., 2020", ("imageA", "imageB")),
        _dataset("Lytro", "mff", "Nejati et al., 2015", ("A", "B")),
        # Others that come in the same layout.
        _dataset("TNO", "ivf", "Toet, 2017", ("ir", "vi")),
        _dataset("LLVIP", "ivf", "Jia et al., 2021", ("infrared", "visible")),
        _dataset("VIFB", "ivf", "Zhang et al., 2020"),
        _dataset("MEFdemo", "mef", "Cai et al., 2018; Zhang and Ma, 2023"),
        _dataset("MFFW", "mff", "Xu et al., 2020"),
        _dataset("MFIFB", "mff", "Zhang, 2020"),
    )
}  # fmt: skip
