"""What `train` understands and refuses, without training."""

import argparse
import json
import types
from pathlib import Path

import h5py
import pytest

from film_core.commands import train, train_steer
from film_core.data import PreparedFile
from film_core.errors import FilmError
from film_core.training.recipe import PRESETS, make_recipe
from film_core.training.steer.recipe import SteerRecipe


def parsed(*words):
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def test_prepared_files_add_up_however_they_are_given():
    for words in (["--prepared", "a.h5", "b.h5"], ["--prepared", "a.h5", "--prepared", "b.h5"]):
        assert parsed(*words).prepared == [Path("a.h5"), Path("b.h5")]
    assert parsed().prepared == []


def test_help_lists_every_preset_and_the_default(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")  # or names are cut at their hyphens
    with pytest.raises(SystemExit):
        parsed("--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert f"one of {', '.join(PRESETS)} (default: published)" in shown


@pytest.fixture
def run(tmp_path):
    """The folder of a run that was stopped, as far as resuming reads it before it trains."""
    folder = tmp_path / "exp" / "20260101-000000_mine"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "state.safetensors").write_bytes(b"")
    recipe = make_recipe("film-studio", {"epochs": 3, "losses": "edges=2"})
    params = {"name": "mine", "task": "ivf", "prepared": ["a.h5"], "init": "", "kernels": "fused",
              "licence": "MIT", "recipe": recipe.as_dict(), "command": "train"}  # fmt: skip
    (folder / "params.json").write_text(json.dumps(params))
    return folder


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "epochs=4"), "had --set epochs = 3.0, now it is 4.0"),
        (("--set", "epochs=3", "--set", "losses=edges=3"), "had --set losses = {'edges': 2.0}, "),
        (("--preset", "published"), "had --preset = film-studio, now it is published"),
        (("--kernels", "plain"), "had --kernels = fused, now it is plain"),
        (("--task", "mif"), "had --task = ivf, now it is mif"),
        (("--name", "other"), "had --name = mine, now it is other"),
        (("--licence", "CC0"), "had --licence = MIT, now it is CC0"),
        (("--init", "film-ivf"), "had --init = , now it is film-ivf"),
        (("--prepared", "b.h5"), "had --prepared = ['a.h5'], now it is ['b.h5']"),
        (("--out", "elsewhere"), "had --out = "),
    ],
)
def test_other_settings_than_the_run_s_are_refused_by_name(run, words, message):
    with pytest.raises(FilmError) as caught:
        train.run(parsed("--resume", run, *words))
    assert message in str(caught.value) and "resume without changing" in str(caught.value)


def test_the_run_s_own_settings_may_be_repeated(run):
    words = ["--set", "epochs=3", "--set", "crop=96x128", "--set", "losses=edges=2", "--preset",
             "film-studio", "--kernels", "fused", "--task", "IVF", "--name", "mine", "--prepared",
             "a.h5", "--out", run.parent]  # fmt: skip
    with pytest.raises(FilmError, match=r"no prepared file 'a\.h5'"):  # the next thing needed
        train.run(parsed("--resume", run, *words))


def test_a_test_list_is_refused(write_prepared, tmp_path):
    path = write_prepared(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["split"] = "test"
    with pytest.raises(FilmError, match="holds the test list of Tiny"):
        train.run(parsed("--task", "ivf", "--prepared", path))


def test_all_pairs_of_a_set_with_a_test_list_are_refused(write_prepared, tmp_path):
    path = write_prepared(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["split"], file.attrs["holds_test_list"] = "all", 1
    with pytest.raises(FilmError, match="holds the test list of Tiny"):
        train.run(parsed("--task", "ivf", "--prepared", path))


@pytest.mark.parametrize("name", ["a/b", "a\\b", "n" * 201, "a\nb"])
def test_a_name_that_no_file_can_have_is_refused_before_training(write_prepared, tmp_path, name):
    path = write_prepared(tmp_path / "x.h5")
    with pytest.raises(FilmError, match="can't be part of a file's name"):
        train.run(parsed("--task", "ivf", "--prepared", path, "--name", name))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "steps=99"), "had --set steps = 40, now it is 99"),
        (("--name", "other"), "had --name = mine, now it is other"),
        (("--material", "x"), "had --material = m, now it is x"),
        (("--init", "film-steer-ivf"), "had --init = , now it is film-steer-ivf"),
        (("--out", "elsewhere"), "had --out = "),
    ],
)
def test_a_run_of_the_branch_is_resumed_as_it_was(run, words, message):
    recipe = SteerRecipe(steps=40).as_dict()
    params = {"name": "mine", "material": "m", "init": "", "recipe": recipe}
    (run / "params.json").write_text(json.dumps(params))
    parser = argparse.ArgumentParser()
    train_steer.add_arguments(parser)
    given = [str(word) for word in ("--resume", run, *words)]
    with pytest.raises(FilmError) as caught:
        train_steer.run(parser.parse_args(given))
    assert message in str(caught.value)


def test_a_prepared_file_is_told_by_describer_and_split(write_prepared, tmp_path):
    path = write_prepared(tmp_path / "x.h5")
    digests = [PreparedFile(path).digest()]
    for name in ("describer", "split"):
        with h5py.File(path, "r+") as file:
            file.attrs[name] = "another"
        digests.append(PreparedFile(path).digest())
    assert len(set(digests)) == 3


def test_other_data_than_the_run_s_is_refused(write_prepared, tmp_path):
    path = write_prepared(tmp_path / "x.h5", count=5)
    params = {"prepared": [str(path)]}
    train._check_files([PreparedFile(path)], params, None)
    train._check_files([PreparedFile(path)], params, tmp_path)
    write_prepared(path, count=4)
    with pytest.raises(FilmError, match=r"x\.h5' holds other pairs"):
        train._check_files([PreparedFile(path)], params, tmp_path)
    # A run of an earlier version has nothing to compare with.
    train._check_files([PreparedFile(path)], {"prepared": [str(path)]}, tmp_path)


class File(types.SimpleNamespace):
    def __len__(self):
        return self.count


def test_the_card_says_what_was_trained_on():
    files = [File(dataset="A", split="train", count=3), File(dataset="B", split="all", count=2),
             File(dataset="C", split="train", count=1)]  # fmt: skip
    assert train._data(files) == "training lists of A (3), C (1) pairs; all of B (2) pairs"
    assert train._data([File(dataset="D", split="", count=4)]) == "prepared files of D (4) pairs"
