"""What runs in the model's own process: loading, the form of a question, and the answer.

The only file of the project that imports PyTorch.
"""

import base64
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from film_core.text.describers.vlm.florence import TASKS as FLORENCE_TASKS
from film_core.text.describers.vlm.florence import as_text

CAPTIONING = frozenset({"blip", "git", "pix2struct", "vision-encoder-decoder"})
"""Models that describe an image in their own way and take no question."""
QUESTION = "Question: {prompt} Answer:"
"""BLIP-2's form (Li et al., 2023, section 4.1)."""
_MOST_NEW_TOKENS = 400
_CAPTION_TOKENS = 60  # those models know single sentences


class ModelError(Exception):
    """What is told to the other side instead of an answer."""

    def __init__(self, code: str, sentence: str, **values: str) -> None:
        super().__init__(code)
        self.message = {"code": code, "sentence": sentence, "values": values}


@contextmanager
def failures(during: str) -> Iterator[None]:
    """Turn whatever goes wrong in `transformers` or a model into a `ModelError`.

    Models are other people's code of every kind, so that any exception can come: this is the one
    place that catches them all, in a process that does nothing else.
    """
    try:
        yield
    except ModelError:
        raise
    except ImportError as error:
        if _is_memory(error):
            raise _memory() from None
        raise _import_failure(error) from None
    except Exception as error:
        if _is_memory(error):
            raise _memory() from None
        doing = "can't be loaded" if during == "load" else "failed on this image"
        raise ModelError(
            f"vlm.{during}",
            "The model {model} {doing} ({reason}); use another, or the measured description.",
            doing=doing, reason=_short(error),
        ) from None  # fmt: skip


class Loaded:
    """A model with its processor, ready to answer."""

    def __init__(self, folder: str, limit: int) -> None:
        """Load from `folder`; the process takes at most `limit` bytes of memory, 0 for any."""
        import torch  # before the limit: without torch the sentence is another one

        if limit:
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        import transformers

        self.kind = _kind(folder)
        local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        self.processor = _processor(folder, local)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model, loading = transformers.AutoModelForImageTextToText.from_pretrained(
            folder, dtype="auto", output_loading_info=True, **local
        )
        # transformers fills what is missing with random values; nobody wants such a description.
        missing = sorted(loading["missing_keys"])
        if missing:
            raise ModelError(
                "vlm.weights",
                "The weights of the model {model} lack {count} tensors ({first}): finish the "
                "download.",
                count=str(len(missing)), first=missing[0][:80],
            )  # fmt: skip
        self.model = self.model.eval().to(self.device)

    def answer(self, request: dict[str, Any]) -> str:
        """Return the answer to `request`: prompt, step, seconds and perhaps an image (base64)."""
        import torch

        picture = _picture(request.get("image"))
        prompt = self._prompt(request["prompt"], request["step"], picture)
        inputs = self._inputs(prompt, picture).to(self.device)
        for name, value in inputs.items():
            if torch.is_floating_point(value):
                inputs[name] = value.to(self.model.dtype)
        given = inputs["input_ids"][0] if "input_ids" in inputs else torch.empty(0)
        with torch.inference_mode():
            made = self.model.generate(
                **inputs, do_sample=False, max_new_tokens=self._room(len(given)),
                max_time=request["seconds"],
            )[0]  # fmt: skip
        # A decoder repeats the question before its answer; an encoder-decoder doesn't.
        if len(given) and len(made) >= len(given) and torch.equal(made[: len(given)], given):
            made = made[len(given) :]
        if self.kind == "florence2":
            words = self.processor.decode(made, skip_special_tokens=False)
            parsed = self.processor.post_process_generation(
                words, task=prompt, image_size=picture.size
            )
            return as_text(parsed[prompt], picture.size)
        return self.processor.decode(made, skip_special_tokens=True).strip()

    def _room(self, given: int) -> int:
        """Return how many tokens may be written after `given` ones."""
        most = _CAPTION_TOKENS if self.kind in CAPTIONING else _MOST_NEW_TOKENS
        text = self.model.config.get_text_config(decoder=True)
        positions = getattr(text, "max_position_embeddings", None) or 2**20
        if positions - given < 8:
            raise ModelError(
                "vlm.no_room",
                "The model {model} has room for {positions} tokens and the question takes {given}; "
                "use another, or the measured description.",
                positions=str(positions), given=str(given),
            )  # fmt: skip
        return min(most, positions - given - 1)

    def _prompt(self, prompt: str, step: str, picture) -> str:
        if self.kind in (CAPTIONING | {"florence2"}) and picture is None:
            raise ModelError(
                "vlm.needs_image",
                "The model {model} can only describe images; let another one merge the texts.",
            )
        if self.kind == "florence2":
            return FLORENCE_TASKS[step]
        return QUESTION.format(prompt=prompt) if self.kind == "blip-2" else prompt

    def _inputs(self, prompt: str, picture):
        if self.kind in CAPTIONING:
            return self.processor(images=picture, return_tensors="pt")
        if getattr(self.processor, "chat_template", None):
            content: list[dict[str, Any]] = [{"type": "text", "text": prompt}]
            if picture is not None:
                content.insert(0, {"type": "image", "image": picture})
            return self.processor.apply_chat_template(
                [{"role": "user", "content": content}], add_generation_prompt=True,
                tokenize=True, return_dict=True, return_tensors="pt",
            )  # fmt: skip
        if picture is None:
            raise ModelError(
                "vlm.needs_image",
                "The model {model} has no form for a question without an image; let another one "
                "merge the texts.",
            )
        return self.processor(images=picture, text=prompt, return_tensors="pt")


class _Apart:
    """Image processor and tokenizer of a model that has no processor for both."""

    def __init__(self, images, tokenizer) -> None:
        self._images = images
        self.decode = tokenizer.decode

    def __call__(self, images, return_tensors: str):
        return self._images(images=images, return_tensors=return_tensors)


def _kind(folder: str) -> str:
    import json
    from pathlib import Path

    from transformers import CONFIG_MAPPING, AutoConfig
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as KNOWN,
    )
    from transformers.utils import CONFIG_NAME

    kind = json.loads((Path(folder) / CONFIG_NAME).read_text(encoding="utf-8"))["model_type"]
    if kind not in KNOWN:
        what = "is no image-to-text model" if kind in CONFIG_MAPPING else "is not known here"
        raise ModelError(
            "vlm.architecture",
            "The model {model} can't describe images: its kind '{kind}' {what}; use one such as "
            "BLIP-2, Qwen-VL or Florence-2.",
            kind=kind[:60], what=what,
        )  # fmt: skip
    AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return kind


def _processor(folder: str, local: dict[str, Any]):
    from transformers import AutoImageProcessor, AutoProcessor, AutoTokenizer

    processor = AutoProcessor.from_pretrained(folder, **local)
    if hasattr(processor, "image_processor"):
        return processor
    images = AutoImageProcessor.from_pretrained(folder, **local)
    return _Apart(images, AutoTokenizer.from_pretrained(folder, **local))


def _picture(data: str | None):
    if data is None:
        return None
    from PIL import Image

    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def _is_memory(error: Exception) -> bool:
    said = str(error).lower()
    return isinstance(error, MemoryError) or any(
        words in said
        for words in ("not enough memory", "out of memory", "cannot allocate memory",
                      "failed to map segment")
    )  # fmt: skip


def _memory() -> ModelError:
    return ModelError(
        "vlm.memory",
        "There is not enough memory for the model {model}: use a smaller one, close other "
        "programs, or use the measured description.",
    )


def _import_failure(error: ImportError) -> ModelError:
    if error.name == "torch":
        return ModelError(
            "vlm.no_torch",
            "The describer 'vlm' needs PyTorch: pip install -r requirements-vlm.txt.",
        )
    return ModelError(
        "vlm.package",
        "The model {model} needs a package that isn't installed ({reason}).",
        reason=_short(error),
    )


def _short(error: Exception) -> str:
    """Return the error's first sentence without paths of this machine."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = re.sub(r"(?<![\w.])/[^\s'\"]+", "…", lines[0]) if lines else ""
    return f"{type(error).__name__}: {said[:140]}".rstrip(": ")
