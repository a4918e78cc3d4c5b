"""Small valid inputs to begin with: `python -m benchmarks.fuzzing.seeds` writes the corpus.

Also what `hostile` mutates: every format that the page reads, in the kinds that take other paths
through their decoders.
"""

import io
import json
import pickle
import zipfile

import numpy as np
from PIL import Image

from benchmarks.fuzzing.__main__ import CORPUS

_SIDE = 20


def images(side: int = _SIDE) -> dict[str, bytes]:
    """Return image files of `side` x `side` pixels by a name whose first word is the format."""
    draw = np.random.default_rng(0)
    rgb = draw.integers(0, 256, (side, side, 3), np.uint8)
    grey, deep = rgb[..., 0], (rgb[..., 0].astype(np.uint16) * 257)
    alpha = np.dstack([rgb, grey])
    ramp = np.linspace(0, 1, side * side, dtype=np.float32).reshape(side, side)
    smooth = np.dstack([(ramp * 255).astype(np.uint8)] * 3)
    kinds = {
        "png rgb": (rgb, "PNG", {}),
        "png grey": (grey, "PNG", {}),
        "png alpha": (alpha, "PNG", {}),
        "png deep": (deep, "PNG", {}),
        "jpeg baseline": (smooth, "JPEG", {"quality": 60}),
        "jpeg progressive": (smooth, "JPEG", {"progressive": True}),
        "jpeg grey": (grey, "JPEG", {}),
        "bmp rgb": (rgb, "BMP", {}),
        "bmp grey": (grey, "BMP", {}),
        "tiff plain": (rgb, "TIFF", {}),
        "tiff deflate": (rgb, "TIFF", {"compression": "tiff_adobe_deflate"}),
        "tiff lzw": (grey, "TIFF", {"compression": "tiff_lzw"}),
        "tiff packbits": (grey, "TIFF", {"compression": "packbits"}),
        "tiff deep": (deep, "TIFF", {}),
        "tiff float": (ramp, "TIFF", {}),
        "tiff big": (grey, "TIFF", {"big_tiff": True}),
        "webp lossy": (smooth, "WEBP", {}),
        "webp lossless": (rgb, "WEBP", {"lossless": True}),
        "webp alpha": (alpha, "WEBP", {}),
    }
    made = {
        name: _saved(Image.fromarray(a), form, **more) for name, (a, form, more) in kinds.items()
    }
    picture = Image.fromarray(rgb)
    made["png palette"] = _saved(picture.quantize(16), "PNG", transparency=3)
    made["jpeg cmyk"] = _saved(picture.convert("CMYK"), "JPEG")
    made["bmp palette"] = _saved(picture.quantize(16), "BMP")
    made["webp animated"] = _saved(
        picture, "WEBP", save_all=True, append_images=[Image.fromarray(255 - rgb)]
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    made["jpeg turned"] = _saved(Image.fromarray(smooth), "JPEG", exif=exif)
    made["png text"] = _saved(picture, "PNG", exif=exif)
    return made


def checkpoints() -> dict[str, bytes]:
    """Return a small file of each layout that `read_weights` knows."""
    from safetensors.numpy import save

    state = {"a": np.ones((2, 3), np.float32), "b.c": np.arange(4, dtype=np.float32)}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as whole:
        whole.writestr("k/data.pkl", _torch_pickle())
        whole.writestr("k/byteorder", b"little")
        whole.writestr("k/data/0", state["b.c"].tobytes())
    return {
        "safetensors": save(state),
        "jittor": pickle.dumps({"model": state, "epoch": 3}, 4),
        "jittor2": pickle.dumps(state, 2),
        "torch": file.getvalue(),
        "call": pickle.dumps({"a": print}, 2),
    }


def requests() -> dict[str, bytes]:
    """Return JSON as browsers and programs send it."""
    values = {
        "upload": {"token": "abc", "name": "a/b.png"},
        "large": {"reason": "too_large", "size": 5e9, "name": "x"},
        "batch": {"side": "a", "files": [{"shown": "a/1.png", "token": "t"}], "last": True},
        "zip": {"side": "zip", "files": [{"shown": "a.zip", "reason": "too_large"}]},
        "choice": {"value": "stage:2"}, "word": "word:17", "strength": "strength:60",
        "add": "add:a:A warm wall.", "remove": "remove:0", "language": "zh-CN,zh;q=0.9,en;q=0.8",
        "data": "data:image/png;base64,iVBORw0KGgo=", "digits": "aGVsbG8=",
        "path": "/example/ivf/night/a.png", "name": "..\\..\\a\u202egnp.exe",
    }  # fmt: skip
    return {name: json.dumps(value).encode() for name, value in values.items()}


def archives() -> dict[str, bytes]:
    """Return zips with a pair, told apart by folders and by names."""
    picture = images(16)["png grey"]
    made = {}
    for name, paths in (("folders", ("A/1.png", "B/1.png")), ("names", ("1_ir.png", "1_vis.png"))):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as whole:
            for path in paths:
                whole.writestr(zipfile.ZipInfo(path), picture)
        made[name] = file.getvalue()
    return made


def main() -> None:
    """Write the corpus, a folder for each target."""
    from benchmarks.fuzzing.targets import TARGETS
    from demo.worker.codec import encode
    from film_core.checkpoints import Card

    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    frames = {"reply": encode({"job": 3, "event": "done", "reply": {"x": array, "png": b"123"}})}
    cards = {"card": json.dumps(Card("film").as_dict()).encode(), "list": b"[]"}
    small = {name.replace(" ", "-"): data for name, data in images(16).items()}
    made = {
        "image-header": {name: data[:400] for name, data in small.items()},
        "image": small, "checkpoint": checkpoints(), "card": cards, "archive": archives(),
        "frame": frames, "request": requests(),
    }  # fmt: skip
    for target in TARGETS:
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in made[target].items():
            (folder / name).write_bytes(data)


def _saved(picture: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def _torch_pickle() -> bytes:
    """Return what PyTorch pickles for one tensor of four values, opcode by opcode."""
    text = "".join
    stream = text([
        "\x80\x02}X\x03\x00\x00\x00b.cctorch._utils\n_rebuild_tensor_v2\n((",
        "X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu",
        "K\x04tQK\x00K\x04\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs.",
    ])  # fmt: skip
    return stream.encode("latin-1")


if __name__ == "__main__":
    main()
