"""The vlm describer runs real `transformers` models, made on the spot, in a process of its own."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from film_core.errors import SettingError, TextError
from film_core.images import read_image
from film_core.tasks import find_task
from film_core.text import load_describer
from film_core.text.describers.vlm import LocalModel, find_model
from film_core.text.describers.vlm.florence import as_text
from film_core.text.describers.vlm.folder import fingerprint_of

IVF = find_task("ivf")


def image_of(seed):
    """A slope in another direction and colour for each seed."""
    y, x = np.mgrid[:60, :80]
    planes = [(x * 3, y * 4, 255 - x), (255 - y * 4, x, y)][seed]
    return read_image(np.stack(planes, axis=-1).astype(np.uint8))


@pytest.fixture(scope="module")
def captioner(tmp_path_factory):
    pytest.importorskip("torch", reason="needs PyTorch: pip install -r requirements-vlm.txt")
    from small_models import make_captioner

    folder = tmp_path_factory.mktemp("models") / "tiny-captioner"
    folder.mkdir()
    make_captioner(folder)
    return folder


@pytest.fixture(scope="module")
def chat_model(tmp_path_factory):
    pytest.importorskip("torch", reason="needs PyTorch: pip install -r requirements-vlm.txt")
    from small_models import make_chat_model

    folder = tmp_path_factory.mktemp("models") / "tiny-chat"
    folder.mkdir()
    make_chat_model(folder)
    return folder


@pytest.fixture
def copy(captioner, tmp_path):
    return shutil.copytree(captioner, tmp_path / "copy")


def in_process(folder):
    """What loading says, without the seconds that another process takes to start."""
    from film_core.text.describers.vlm.asking import Loaded, ModelError, failures

    with pytest.raises(ModelError) as caught, failures("load"):
        Loaded(str(folder), 0)
    message = caught.value.message
    return message["code"], message["sentence"].format(**message["values"], model="m")


@pytest.mark.slow
def test_a_captioning_model_describes(captioner):
    import torch
    from transformers import BlipForConditionalGeneration, BlipProcessor

    describer = load_describer("vlm", vlm=str(captioner))
    try:
        image = image_of(0)
        made = describer.model.answer("ignored", image)
        assert made == describer.model.answer("", image) != describer.model.answer("", image_of(1))
        assert (describer.name, describer.author) == ("vlm", "tiny-captioner")
        with pytest.raises(TextError) as caught:
            describer.model.answer("Merge these.")
        assert caught.value.code == "vlm.needs_image"
        # The same words as without any of our code.
        processor = BlipProcessor.from_pretrained(captioner)
        model = BlipForConditionalGeneration.from_pretrained(captioner).eval()
        inputs = processor(images=image.rgb, return_tensors="pt")
        with torch.inference_mode():
            ids = model.generate(**inputs, do_sample=False, max_new_tokens=60)[0]
        given = len(made)
        assert given > 20 and processor.decode(ids, skip_special_tokens=True).endswith(made[-20:])
    finally:
        describer.model.close()
    with pytest.raises(TextError) as caught:
        describer.model.answer("", image)
    assert caught.value.code == "vlm.stopped"


@pytest.mark.slow
def test_a_chat_model_answers_and_its_fall_is_told(chat_model, monkeypatch):
    monkeypatch.setenv("FILM_ENDPOINT_KEY", "sk-secret")
    model = LocalModel(str(chat_model))
    try:
        environment = Path(f"/proc/{model._process.pid}/environ").read_text()
        assert "sk-secret" not in environment and "HF_HUB_OFFLINE=1" in environment
        image = image_of(0)
        one = model.answer("What is warm?", image)
        assert one and one != model.answer("What is cold?", image)
        assert one != model.answer("What is warm?", image_of(1))
        assert model.answer("Merge these notes.")
        with pytest.raises(TextError) as caught:
            model.answer("word " * 400, image)
        assert caught.value.code == "vlm.no_room"
        assert model.answer("What is warm?", image) == one  # and goes on
        model._process.send_signal(signal.SIGKILL)
        model._process.wait()
        with pytest.raises(TextError, match="not enough memory"):
            model.answer("What is warm?", image)
    finally:
        model.close()


def test_blip2_is_asked_in_its_own_form(tmp_path):
    pytest.importorskip("torch", reason="needs PyTorch: pip install -r requirements-vlm.txt")
    from small_models import make_blip2

    from film_core.text.describers.pictures import small_png
    from film_core.text.describers.vlm.asking import Loaded

    make_blip2(tmp_path)
    model = Loaded(str(tmp_path), 0)
    assert model._prompt("What is warm?", "caption", image_of(0)) == (
        "Question: What is warm? Answer:"
    )

    def ask(prompt, seed):
        image = base64.b64encode(small_png(image_of(seed))).decode()
        return model.answer({"prompt": prompt, "step": "caption", "seconds": 60, "image": image})

    one = ask("What is warm?", 0)
    assert one and "Question" not in one and one != ask("What is warm?", 1)


@pytest.mark.slow
def test_the_process_that_asks_needs_no_torch_and_leaves_nobody_behind(captioner):
    program = (
        "import sys\n"
        "from film_core.text import load_describer\n"
        f"model = load_describer('vlm', vlm={str(captioner)!r}).model\n"
        "assert 'torch' not in sys.modules\n"
        "print(model._process.pid)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


@pytest.mark.slow
def test_no_torch_and_no_memory_are_told(captioner, tmp_path, monkeypatch):
    with pytest.raises(TextError, match="not enough memory") as caught:
        LocalModel(str(captioner), gigabytes=0.05)
    assert caught.value.code == "vlm.memory"
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(TextError, match=r"pip install -r requirements-vlm\.txt"):
        LocalModel(str(captioner))


def test_a_model_that_takes_too_long(captioner):
    with pytest.raises(TextError, match=r"longer than 0\.01 seconds") as caught:
        LocalModel(str(captioner), load_seconds=0.01)
    assert caught.value.code == "vlm.slow"


def test_no_model_named(monkeypatch, tmp_path):
    monkeypatch.delenv("FILM_VLM", raising=False)
    with pytest.raises(SettingError, match="--vlm PATH"):
        load_describer("vlm")
    monkeypatch.setenv("FILM_VLM_GIGABYTES", "many")
    (tmp_path / "config.json").write_text('{"model_type": "blip"}')
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(SettingError, match="'many'"):
        LocalModel(str(tmp_path))


def test_what_is_no_model_folder(tmp_path):
    def refused(path, code):
        with pytest.raises(TextError) as caught:
            find_model(str(path))
        assert caught.value.code == code and "\n" not in str(caught.value)
        return str(caught.value)

    assert "nothing is fetched" in refused("nobody/nothing-of-the-kind", "vlm.missing")
    refused("../../etc/passwd", "vlm.missing")
    refused(tmp_path, "vlm.not_a_model")
    for content in ("{", "[]", '{"model_type": 5}', "[" * 100_000):
        (tmp_path / "config.json").write_text(content)
        refused(tmp_path, "vlm.not_a_model")
    (tmp_path / "config.json").write_text('{"model_type": "blip"}')
    refused(tmp_path, "vlm.incomplete")
    index = {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "model-1-of-2.safetensors").write_bytes(b"x")
    assert "(model-2-of-2.safetensors)" in refused(tmp_path, "vlm.incomplete")


def test_a_snapshot_of_the_cache_is_named_by_its_owner(tmp_path):
    folder = tmp_path / "models--Salesforce--blip2-opt-2.7b" / "snapshots" / "51572668"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "blip-2"}')
    (folder / "model.safetensors").write_bytes(b"x")
    assert find_model(str(folder)) == (folder, "Salesforce/blip2-opt-2.7b")


def test_other_weights_of_the_same_name_are_another_model(tmp_path):
    folders = [tmp_path / place / "blip2" for place in ("old", "new")]
    for folder, size in zip(folders, (8, 9), strict=True):
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(bytes(size))
        os.utime(folder / "model.safetensors", (1, 1))
    assert fingerprint_of(folders[0]) != fingerprint_of(folders[1])
    (folders[1] / "model.safetensors").write_bytes(bytes(8))
    assert fingerprint_of(folders[0]) != fingerprint_of(folders[1])  # written later
    os.utime(folders[1] / "model.safetensors", (1, 1))
    assert fingerprint_of(folders[0]) == fingerprint_of(folders[1])


def test_half_downloaded_and_wrong_models(copy):
    from safetensors.numpy import load_file, save_file

    weights = copy / "model.safetensors"
    whole, state = weights.read_bytes(), load_file(weights)
    weights.write_bytes(whole[: len(whole) // 2])
    code, said = in_process(copy)
    assert code == "vlm.load" and str(copy) not in said and "\n" not in said
    lacking = "vision_model.encoder.layers.1.self_attn.qkv.weight"
    assert lacking in state
    save_file({n: a for n, a in state.items() if n != lacking}, weights, {"format": "pt"})
    code, said = in_process(copy)
    assert code == "vlm.weights" and "1 tensors (vision_model" in said
    for kind, what in (("bert", "is no image-to-text model"), ("nothing", "is not known here")):
        (copy / "config.json").write_text(json.dumps({"model_type": kind}))
        code, said = in_process(copy)
        assert code == "vlm.architecture" and what in said
    # Code that comes with a model is not run, even if its config asks for it.
    mark = copy / "ran"
    (copy / "own.py").write_text(f"open({str(mark)!r}, 'w')")
    (copy / "config.json").write_text(
        json.dumps({"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}})
    )
    assert in_process(copy)[0] == "vlm.architecture"
    assert not mark.exists()


def test_florence_boxes_become_lines():
    found = {"bboxes": [[0, 0, 40, 30], [40, 30, 80, 60]], "labels": ["lamp", "car"]}
    assert as_text(found, (80, 60)) == "lamp (0, 0, 50, 50)\ncar (50, 50, 100, 100)"
    assert as_text(" A road. ", (80, 60)) == "A road."
