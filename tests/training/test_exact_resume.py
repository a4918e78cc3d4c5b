"""A run that was killed and resumed ends with the same bits as one that was not."""

import json

import numpy as np
import pytest

from film_core.checkpoints import read_weights
from film_core.errors import FilmError
from film_core.training.experiment import Experiment, TrainingError, check_same
from film_core.training.recipe import make_recipe

pytestmark = pytest.mark.usefixtures("jittor_started")


def trainer(prepared, folder, kernels="fused", stop_after=None, **changes):
    import jittor as jt

    from film_core.checkpoints import Card
    from film_core.data import PreparedFile
    from film_core.net import Film
    from film_core.training.trainer import Trainer

    settings = {"crop": "48x64", "epochs": 1.5, "tokens": 5, "validation_share": 0.2,
                "validate_every": 0, "average": 0.9, **changes}  # fmt: skip
    recipe = make_recipe("film-studio", settings)
    jt.set_global_seed(recipe.seed)
    film = Film(text_width=16, kernels=kernels)
    if (folder / "params.json").is_file():
        experiment, _ = Experiment.resume(folder)
    else:
        experiment = Experiment.begin(folder.parent, folder.name, {"recipe": recipe.as_dict()})
        experiment.folder.rename(folder)
        experiment = Experiment(folder)
    return Trainer(film, [PreparedFile(prepared)], recipe, experiment, Card("tiny"))


def test_killed_and_resumed_is_the_same_run(prepared, tmp_path):
    whole = trainer(prepared, tmp_path / "whole")
    assert whole.steps == 6
    end = whole.train()
    assert end.step == 6

    folder = tmp_path / "halves"
    for stop in (2, 5, None):  # stopped twice, each time in a new trainer with other weights
        part = trainer(prepared, folder)
        if part.experiment.state.is_file():
            part.resume()
        ended = part.train(cancelled=lambda p=part, s=stop: p.state.step == s)
    assert ended.step == 6
    for name in ("parameters", "first", "second", "average"):
        np.testing.assert_array_equal(getattr(ended, name), getattr(end, name))
    one, _ = read_weights(tmp_path / "whole" / "model" / "tiny.safetensors")
    other, _ = read_weights(folder / "model" / "tiny.safetensors")
    assert all(np.array_equal(one[key], other[key]) for key in one)

    # What a run leaves behind.
    names = {path.name for path in (tmp_path / "whole").iterdir()}
    assert {"code", "model", "pic_fusion", "train.log", "params.json"} <= names
    assert any(name.startswith("events.out.tfevents") for name in names)
    assert (tmp_path / "whole" / "code" / "film_core" / "training" / "losses.py").is_file()
    assert len(list((tmp_path / "whole" / "pic_fusion").glob("*.png"))) == 4
    published, _ = read_weights(tmp_path / "whole" / "model" / "ckpt_2.pkl")
    assert np.array_equal(
        published["conv2.bias"], whole.parameters.split(end.parameters)["conv2.bias"]
    )
    card = json.loads((tmp_path / "whole" / "model" / "tiny.json").read_text())
    assert card["results"]["held out of training"]["VIFF"] > 0
    assert "step 6 of 6" in (tmp_path / "whole" / "train.log").read_text()


def test_a_nan_stops_the_run_and_keeps_the_weights_before(prepared, tmp_path, monkeypatch):
    from film_core.training import trainer as module

    part = trainer(prepared, tmp_path / "nan")
    before = {}
    genuine = module.compute_losses

    def broken_at_the_third_step(given, weights):
        total, terms = genuine(given, weights)
        if part.state.step == 2:
            before["parameters"] = part.state.parameters.copy()
            total = total * float("nan")
        return total, terms

    monkeypatch.setattr(module, "compute_losses", broken_at_the_third_step)
    with pytest.raises(TrainingError, match=r"Step 2 gave no number for total.*Tiny/p\d"):
        part.train()
    part.resume()
    assert part.state.step == 2
    np.testing.assert_array_equal(part.state.parameters, before["parameters"])
    assert np.isfinite(part.state.parameters).all()


def test_resuming_needs_a_run_with_the_same_settings(tmp_path):
    with pytest.raises(TrainingError, match="not the folder of a run"):
        Experiment.resume(tmp_path)
    with pytest.raises(TrainingError, match="epochs = 3, now it is 4"):
        check_same({"epochs": 4}, {"epochs": 3}, tmp_path)
    experiment = Experiment.begin(tmp_path, "x", {})
    with pytest.raises(TrainingError, match="before its first save"):
        Experiment.resume(experiment.folder)


def test_a_state_of_another_network_is_a_sentence(prepared, tmp_path):
    part = trainer(prepared, tmp_path / "x")
    part.train(cancelled=lambda: part.state.step == 1)
    state = part.state
    for name in ("parameters", "first", "second", "average"):
        setattr(state, name, getattr(state, name)[:-8])
    state.save(part.experiment.state)
    with pytest.raises(TrainingError, match="text features of another width"):
        trainer(prepared, tmp_path / "x").resume()


def test_checkpoints_are_numbered_and_thinned_where_epochs_end_within_a_step(prepared, tmp_path):
    """5 pairs in batches of 2: epochs 1 to 4 are complete after steps 3, 5, 8 and 10."""
    part = trainer(prepared, tmp_path / "x", batch=2, validation_share=0, epochs=4)
    model, kept = tmp_path / "x" / "model", {}

    def note():
        kept[part.state.step] = sorted(path.name for path in model.glob("ckpt_*.pkl"))
        return False

    part.train(cancelled=note)
    note()
    assert part.steps == 10
    assert [kept[step] for step in (2, 3, 4, 5, 7, 8, 9, 10)] == [
        [], ["ckpt_1.pkl"], ["ckpt_1.pkl"], ["ckpt_2.pkl"], ["ckpt_2.pkl"], ["ckpt_3.pkl"],
        ["ckpt_3.pkl"], ["ckpt_4.pkl"],
    ]  # fmt: skip
    for number in (7, 10, 19):
        (model / f"ckpt_{number}.pkl").write_bytes(b"")
    part._thin_out(21)
    assert [path.name for path in model.glob("ckpt_*.pkl")] == ["ckpt_10.pkl"]
    # The first two steps that begin in each epoch.
    assert sorted(path.stem for path in (tmp_path / "x" / "pic_fusion").iterdir()) == [
        f"epoch{epoch:04d}_batch{place}" for epoch in range(4) for place in (0, 1)
    ]


def test_a_damaged_state_is_a_sentence(prepared, tmp_path):
    part = trainer(prepared, tmp_path / "x", epochs=0.25)
    part.train()
    state = part.experiment.state
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(FilmError, match="cut short"):
        part.resume()
