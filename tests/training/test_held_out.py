"""A run says which of its held-out pairs the weights it starts from may have been trained on."""

import pytest

from film_core.checkpoints import Card
from film_core.training.held_out import all_data, doubtful, with_held_out

NAMES = ["Brains/a", "Brains/b", "Streets/c"]


@pytest.mark.parametrize(
    ("init", "expected"),
    [
        (None, []),
        (Card("x", data="training lists of Brains (9) pairs", held_out=["Brains/a"]), ["Brains/b"]),
        (Card("x", data="training lists of Brains (9), Streets (2) pairs", held_out=NAMES), []),
        (Card("x", data="training lists of Flowers (9) pairs"), []),
        (Card("x", data="training lists of BrainsToo (9) pairs"), []),
        (Card("x"), NAMES),  # it doesn't say what it was trained on
    ],
)
def test_doubtful_are_pairs_of_sets_trained_on_that_were_not_held_out(init, expected):
    assert doubtful(NAMES, init) == expected


def test_what_earlier_runs_saw_is_not_forgotten():
    first = Card("one", data=all_data("training lists of Brains (9) pairs", None))
    second = Card("two", data=all_data("training lists of Streets (2) pairs", first))
    assert doubtful(["Brains/a"], second) == ["Brains/a"]
    assert all_data(first.data, first) == first.data  # a run carried on under another name


def test_the_card_names_what_is_beyond_doubt_and_counts_the_rest():
    init = Card("before")
    card = with_held_out(Card("now", notes="Started."), NAMES, ["Brains/b"], init)
    assert card.held_out == ["Brains/a", "Streets/c"]
    assert card.notes.startswith("Started. Of the 3 pairs held out, 1 may have been trained on")
    assert with_held_out(Card("now"), NAMES, [], None) == Card("now", held_out=NAMES)


def test_a_run_warns_and_writes_it_on_the_card(jittor_started, prepared, tmp_path):
    import json

    from film_core.data import PreparedFile
    from film_core.net import Film
    from film_core.training.experiment import Experiment
    from film_core.training.recipe import make_recipe
    from film_core.training.trainer import Trainer

    settings = {"crop": "48x64", "epochs": 0.25, "tokens": 5, "validation_share": 0.4}
    experiment = Experiment.begin(tmp_path, "x", {})
    trainer = Trainer(
        Film(text_width=16), [PreparedFile(prepared)], make_recipe("film-studio", settings),
        experiment, Card("tiny"),
    )  # fmt: skip
    first, second = trainer.sampler.validation_names
    assert trainer.card.held_out == [first, second] and trainer.doubtful == []

    init = Card("before", data="Tiny", held_out=[first])
    trainer = Trainer(
        Film(text_width=16), [PreparedFile(prepared)], make_recipe("film-studio", settings),
        experiment, Card("tiny"), init=init,
    )  # fmt: skip
    trainer.train()
    assert (
        f"1 may have been trained on before: {second}"
        in (experiment.folder / "train.log").read_text()
    )
    card = json.loads((experiment.model / "tiny.json").read_text())
    assert card["held_out"] == [first] and "before doesn't name them" in card["notes"]
