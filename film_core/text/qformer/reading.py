"""Finds a Q-Former's weights in a file or a folder and reads the text branch out of them.

The published files hold the whole of BLIP-2, up to 15 GB: only the tensors that are needed are
ever read. Nothing in a file is executed.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from film_core.checkpoints import (
    MissingCheckpointError,
    WrongKeysError,
    WrongShapesError,
    WrongValuesError,
)
from film_core.checkpoints.failures import not_a_checkpoint, truncated
from film_core.checkpoints.torch_archive import read_torch_archive
from film_core.text.qformer.large_safetensors import read_wanted
from film_core.text.qformer.layout import (
    QFormerConfig,
    config_of,
    our_name,
    summary,
    text_layout,
)

MOST_BYTES = 32 * 2**30
"""Largest weights file that is opened."""
_CAPTIONING = "Salesforce/blip2-itm-vit-g or LAVIS's blip2_pretrained.pth"
_IN_FOLDER = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


@dataclass(frozen=True)
class QFormerWeights:
    """The text branch as read.

    Attributes:
        state: {our name: float32 array}, complete and checked.
        config: its sizes.
        files: what was read.
        used: number of tensors taken.
        unused: names of the file's other tensors.
    """

    state: dict[str, np.ndarray]
    config: QFormerConfig
    files: list[Path]
    used: int
    unused: list[str] = field(default_factory=list)

    @property
    def report(self) -> str:
        """A sentence on what was and wasn't used."""
        rest = f"; not needed for text: {summary(self.unused)}" if self.unused else ""
        return f"{self.used} of {self.used + len(self.unused)} tensors were used{rest}."


def read_qformer(path: str | Path) -> QFormerWeights:
    """Read the text branch from a checkpoint of BLIP-2.

    Args:
        path: a LAVIS .pth, a transformers .safetensors or .bin, or the folder of either.

    Raises:
        MissingCheckpointError: nothing there.
        NotACheckpointError, TruncatedCheckpointError, HostileCheckpointError: an unusable file.
        WrongKeysError, WrongShapesError, WrongValuesError: another network's weights.
    """
    files = _files(Path(os.path.expanduser(path)))  # Path's own raises where there is no home
    state, unused, native = {}, [], True
    for file in files:
        native &= file.suffix != ".pth"
        for name, array in _read(file).items():
            if array is None:
                unused.append(name)
            else:
                state[our_name(name)] = array
    name = files[0].name if len(files) == 1 else files[0].parent.name
    _check_names(state, unused, name)
    # A .pth is LAVIS's: what lies beside it describes something else.
    config = config_of(state, _stated(files[0].parent / "config.json") if native else None)
    _check(state, config, name)
    return QFormerWeights(state, config, files, len(state), unused)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if not path.name.endswith(".index.json") else _shards(path)
    if not path.is_dir():
        raise MissingCheckpointError(
            "qformer.missing",
            "There is no file or folder '{path}' to read the Q-Former from; "
            "docs/published-weights.md says where it comes from.",
            path=str(path),
        )
    for name in _IN_FOLDER:
        if (path / name).is_file():
            return _files(path / name)
    single = sorted(path.glob("*.pth"))
    if len(single) == 1:
        return single
    present = ", ".join(sorted(p.name for p in path.iterdir())[:6]) or "nothing"
    raise MissingCheckpointError(
        "qformer.folder",
        "The folder '{path}' holds no model.safetensors, no pytorch_model.bin and no single .pth "
        "(it holds {present}): name the weights file, or finish the download.",
        path=str(path), present=present,
    )  # fmt: skip


def _shards(index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        files = [index.parent / name for name in names if Path(name).name == name]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise truncated(index.name, f"its index can't be read: {str(error)[:80]}") from None
    missing = [file.name for file in files if not file.is_file()]
    if missing or not files:
        raise truncated(index.name, f"the part {missing[0] if missing else '1'} is missing")
    return files


def _read(file: Path) -> dict[str, np.ndarray | None]:
    try:
        with open(file, "rb") as opened:
            head = opened.read(9)
        if head.startswith(b"PK"):
            return read_torch_archive(file, our_name, MOST_BYTES)
        if head[8:9] == b"{":
            return read_wanted(file, our_name, MOST_BYTES)
    except OSError as error:
        raise MissingCheckpointError(
            "checkpoint.unreadable",
            "The weights file '{path}' can't be read ({reason}).",
            path=str(file), reason=error.strerror or str(error),
        ) from None  # fmt: skip
    if file.suffix == ".safetensors":
        raise truncated(file.name, f"it begins with {head[:9]!r}")
    raise not_a_checkpoint(file.name, "empty file" if not head else "its beginning is unknown")


def _stated(path: Path) -> dict | None:
    """Return the text branch's entries of a config.json, which may be BLIP-2's whole one."""
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content = content.get("qformer_config", content)
        return {
            key: content[key]
            for key in ("num_attention_heads", "layer_norm_eps")
            if isinstance(content.get(key), int | float)
        }
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise truncated(
            path.name, f"it is not the settings of a model: {str(error)[:80]}"
        ) from None


def _check_names(state: dict[str, np.ndarray], unused: list[str], name: str) -> None:
    layered = any(key[0].isdigit() for key in state)
    if not layered:
        raise WrongKeysError(
            "qformer.other_network",
            "'{name}' holds no Q-Former ({parts}); needed is BLIP-2's, such as {example}.",
            name=name, parts=summary(unused), example=_CAPTIONING,
        )  # fmt: skip
    if "words" not in state or "positions" not in state or "0.widen.weight" not in state:
        raise WrongKeysError(
            "qformer.no_text_branch",
            "'{name}' holds a Q-Former without its text branch, as BLIP-2's captioning models do; "
            "needed is one for image-text matching, such as {example}.",
            name=name, example=_CAPTIONING,
        )  # fmt: skip
    for key in ("words", "positions", "0.widen.weight"):
        if state[key].ndim != 2:
            raise WrongShapesError(
                "qformer.shape", "In '{name}' the tensor {key} has shape {seen}, not two sides.",
                name=name, key=key, seen=str(state[key].shape),
            )  # fmt: skip


def _check(state: dict[str, np.ndarray], config: QFormerConfig, name: str) -> None:
    if config.heads < 1 or config.width % config.heads:
        raise WrongShapesError(
            "qformer.heads",
            "'{name}' has {width} features, which {heads} heads can't share: its config.json is "
            "another model's.",
            name=name, width=config.width, heads=config.heads,
        )  # fmt: skip
    layout = text_layout(config)
    missing = [key for key in layout if key not in state]
    if missing:
        raise WrongKeysError(
            "qformer.incomplete",
            "The Q-Former in '{name}' lacks {count} tensors of its text branch ({listed}): fetch "
            "the file again.",
            name=name, count=len(missing), listed=", ".join(missing[:4]),
        )  # fmt: skip
    for key, shape in layout.items():
        if state[key].shape != shape:
            raise WrongShapesError(
                "qformer.shapes",
                "In '{name}' the tensor {key} has shape {seen}; {needed} belongs to the others.",
                name=name, key=key, seen=str(state[key].shape), needed=str(shape),
            )  # fmt: skip
        if not np.isfinite(state[key]).all():
            raise WrongValuesError(
                "checkpoint.values",
                "In '{name}' the tensor {key} holds NaN or infinity; use an earlier checkpoint.",
                name=name, key=key,
            )  # fmt: skip
