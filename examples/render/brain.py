"""Medical pairs from the ICBM152 average brain: MRI as measured, CT, PET and SPECT computed.

The MRI is the T1-weighted ICBM152 2009 template (Fonov et al., 2009) as packaged with nilearn; its
tissue maps say what is grey and white matter. From these the second modality is simulated: bone
density for CT, uptake blurred by the scanner and counted photons for PET and SPECT. nilearn is
needed only to make these examples again (`pip install nilearn==0.14.1`).
"""

import gzip
import importlib.util
import struct
from pathlib import Path

import numpy as np
from scipy import ndimage

from examples.render.noise import fractal_noise
from examples.render.sensor import grain
from film_core.errors import ImageError

SIZE = 448  # pixels a side; one template voxel is one millimetre and becomes two pixels


def _template_folder() -> Path:
    found = importlib.util.find_spec("nilearn")
    if found is None or found.origin is None:
        raise ImageError(
            "example.no_template",
            "The brain examples are made from nilearn's template, which is not installed here: "
            "pip install nilearn==0.14.1.",
        )
    return Path(found.origin).parent / "datasets" / "data"


def read_nifti(path: Path) -> np.ndarray:
    """Return the volume of a gzipped NIfTI-1 file as float32, axes x (right), y (front), z (up)."""
    raw = gzip.decompress(path.read_bytes())
    dimensions = struct.unpack("<8h", raw[40:56])
    kind = {2: "u1", 4: "<i2", 16: "<f4", 512: "<u2"}[struct.unpack("<h", raw[70:72])[0]]
    offset, slope, shift = struct.unpack("<3f", raw[108:120])
    shape = dimensions[1 : 1 + dimensions[0]]
    volume = np.frombuffer(raw, kind, int(np.prod(shape)), int(offset)).reshape(shape, order="F")
    return volume.astype(np.float32) * (slope or 1) + shift


def tissues(at: int, folder: Path | None = None) -> dict[str, np.ndarray]:
    """Return maps of an axial slice, float32 (SIZE, SIZE) in [0, 1], the front of the head up.

    "t1", "grey" and "white" come from the template; "brain", "fluid", "bone" (with the spongy
    middle layer at 0.7), "scalp" and "head" are derived from them, since the template ends at the
    brain's surface.

    Args:
        at: voxel along the vertical axis.
        folder: where the template lies; by default inside nilearn.
    """
    folder = folder or _template_folder()
    maps = {}
    for name, short in (("t1", "t1"), ("grey", "gm"), ("white", "wm")):
        volume = read_nifti(folder / f"mni_icbm152_{short}_tal_nlin_sym_09a_converted.nii.gz")
        flat = ndimage.zoom(volume[:, :, at].T[::-1] / volume.max(), 2, order=3)
        canvas = np.zeros((SIZE, SIZE), np.float32)
        cut = max(0, (flat.shape[0] - SIZE) // 2)
        flat = flat[cut : cut + SIZE]
        top, left = (SIZE - flat.shape[0]) // 2, (SIZE - flat.shape[1]) // 2
        canvas[top : top + flat.shape[0], left : left + flat.shape[1]] = flat
        # A head of one's own: the average brain is symmetric, a person's is not.
        maps[name] = np.clip(_warp(canvas, at), 0, 1)
    brain = ndimage.gaussian_filter((maps["t1"] > 0.15).astype(np.float32), 1.2)
    maps["brain"] = brain
    maps["fluid"] = np.clip(brain - maps["grey"] - maps["white"], 0, 1)
    filled = ndimage.binary_closing(np.pad(brain > 0.5, 60), iterations=40)[60:-60, 60:-60]
    outside = ndimage.distance_transform_edt(~ndimage.binary_fill_holes(filled))
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    outside = ndimage.gaussian_filter(outside, 2.5)
    outside = outside + 5 * (fractal_noise(x / 60, y / 60, octaves=2, seed=at) - 0.5)
    thick = 13 + 4 * fractal_noise(x / 90, y / 90, octaves=2, seed=at + 1)

    def shell(low, high):
        return np.clip(outside - low + 0.5, 0, 1) * np.clip(high - outside + 0.5, 0, 1)

    inner = 4.0
    spongy = shell(inner + 0.32 * thick, inner + 0.66 * thick)
    maps["bone"] = shell(inner, inner + thick) * (1 - 0.3 * spongy)
    maps["marrow"] = spongy
    maps["scalp"] = shell(inner + thick + 1, inner + thick + 11)
    maps["skin"] = shell(inner + thick + 10, inner + thick + 13)
    maps["fluid"] = np.maximum(maps["fluid"], shell(-1, inner) * (1 - brain))
    return {name: part.astype(np.float32) for name, part in maps.items()}


def _warp(picture: np.ndarray, seed: int) -> np.ndarray:
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    shift = [
        9 * (fractal_noise(x / 70, y / 70, octaves=2, seed=seed + place) - 0.5) for place in (2, 8)
    ]
    return ndimage.map_coordinates(picture, [y + shift[0], x + shift[1]], order=3)


def blob(place: tuple[float, float], radius: float, seed: int) -> np.ndarray:
    """Return an irregular patch, float32 (SIZE, SIZE) in [0, 1]; `place` and `radius` in pixels."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    ragged = 0.7 * radius * (fractal_noise(x / 16, y / 16, octaves=3, seed=seed) - 0.5)
    distance = np.hypot(x - place[0], (y - place[1]) * 0.9) + ragged
    return np.clip((radius - distance) / 4 + 0.5, 0, 1).astype(np.float32)


def magnetic(tissue: dict[str, np.ndarray], weights: dict[str, float], seed: int) -> np.ndarray:
    """Return an MR image, uint8: tissues times `weights`, coil shading and Rician noise."""
    signal = sum(weight * tissue[name] for name, weight in weights.items())
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    shading = 1.04 - 0.08 * (x**2 + y**2) + 0.03 * x
    real = ndimage.gaussian_filter(signal, 0.6) * shading + 0.012 * grain(signal.shape, seed)
    magnitude = np.hypot(real, 0.012 * grain(signal.shape, seed + 1))
    return np.rint(np.clip(magnitude, 0, 1) * 255).astype(np.uint8)


def tomogram(tissue: dict[str, np.ndarray], seed: int) -> np.ndarray:
    """Return a CT image, uint8: a window that shows soft tissue faintly and bone white."""
    density = 0.245 * tissue["grey"] + 0.215 * tissue["white"] + 0.13 * tissue["fluid"]
    density = density + 1.05 * tissue["bone"] + 0.16 * tissue["scalp"] + 0.24 * tissue["skin"]
    density = density + tissue.get("calcium", 0)
    quantum = ndimage.gaussian_filter(grain(density.shape, seed), 0.8) * 0.022
    seen = ndimage.gaussian_filter(density, 0.9) + quantum * (density > 0.02)
    return np.rint(np.clip(seen, 0, 1) * 255).astype(np.uint8)


def emission(uptake: np.ndarray, resolution: float, counts: float, colours: str, seed: int):
    """Return a PET or SPECT image in false colour, uint8 (SIZE, SIZE, 3).

    Args:
        uptake: activity, float (SIZE, SIZE), about 1 at most.
        resolution: the scanner's full width at half maximum, millimetres.
        counts: photons in a pixel of full uptake; fewer make more noise.
        colours: name of a matplotlib colour map.
    """
    from matplotlib import colormaps

    blurred = ndimage.gaussian_filter(uptake, resolution * 2 / 2.355)
    noisy = blurred + np.sqrt(np.maximum(blurred, 0) / counts) * grain(uptake.shape, seed)
    seen = ndimage.gaussian_filter(noisy, 2.2)
    return np.rint(colormaps[colours](np.clip(seen, 0, 1))[..., :3] * 255).astype(np.uint8)


T1 = {"white": 0.76, "grey": 0.50, "fluid": 0.10, "scalp": 0.88, "skin": 0.35, "marrow": 0.32}
T2 = {"white": 0.30, "grey": 0.50, "fluid": 0.93, "scalp": 0.45, "skin": 0.25, "marrow": 0.22}


def render_bone(folder: Path | None = None) -> dict[str, np.ndarray]:
    """Return {"a": T1-weighted MRI, "b": CT of the same slice}, both uint8 (SIZE, SIZE)."""
    tissue = tissues(88, folder)
    specks = [
        blob(place, r, 3) for place, r in (((224, 262), 4.5), ((176, 292), 5), ((270, 290), 4))
    ]
    tissue["calcium"] = 0.8 * np.maximum.reduce(specks)
    return {"a": magnetic(tissue, T1, 5), "b": tomogram(tissue, 9)}


def render_glucose(folder: Path | None = None) -> dict[str, np.ndarray]:
    """Return {"a": T1 MRI uint8 (SIZE, SIZE), "b": FDG-PET in colour uint8 (SIZE, SIZE, 3)}."""
    tissue = tissues(100, folder)
    mass, core = blob((300, 196), 27, 6), blob((300, 196), 15, 7)
    swelling = blob((296, 206), 50, 8) * tissue["white"]
    mri = {**tissue, "swelling": swelling, "rim": mass - core, "core": core}
    for name in ("grey", "white", "fluid"):
        mri[name] = tissue[name] * (1 - mass)
    picture = magnetic(mri, {**T1, "swelling": -0.22, "rim": 0.92, "core": 0.22}, 15)
    uptake = 0.62 * tissue["grey"] + 0.20 * tissue["white"] + 0.03 * tissue["scalp"]
    uptake = uptake * (1 - 0.35 * swelling) * (1 - mass) + 1.25 * (mass - 0.75 * core)
    return {"a": picture, "b": emission(uptake, 4.5, 260, "hot", 16)}


def render_perfusion(folder: Path | None = None) -> dict[str, np.ndarray]:
    """Return {"a": T2 MRI uint8 (SIZE, SIZE), "b": perfusion SPECT uint8 (SIZE, SIZE, 3)}."""
    tissue = tissues(82, folder)
    stroke = blob((128, 236), 40, 21) * tissue["brain"]
    dim = blob((132, 238), 64, 22)
    mri = {**tissue, "stroke": stroke}
    picture = magnetic(mri, {**T2, "stroke": 0.36}, 25)
    flow = (0.98 * tissue["grey"] + 0.34 * tissue["white"]) * (1 - 0.85 * stroke) * (1 - 0.3 * dim)
    return {"a": picture, "b": emission(flow, 8.0, 120, "nipy_spectral", 26)}
