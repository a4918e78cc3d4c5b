"""The paper's recipe: four steps, each by whom one likes, all of them kept."""

import numpy as np
import pytest
from chat_server import ANSWER, says, serving

from film_core.errors import SettingError, TextError, UnknownNameError
from film_core.images import read_image
from film_core.tasks import find_task
from film_core.text import load_describer

IVF = find_task("ivf")
OBJECTS = "person (10, 20, 30, 80)\n\nlamp (70, 5, 80, 15)\x07"


@pytest.fixture
def image():
    pixels = np.full((120, 160), 40, np.uint8)
    pixels[30:60, 20:40] = 230
    return read_image(pixels)


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def to(server):
        monkeypatch.setenv("FILM_ENDPOINT_URL", server.url)
        monkeypatch.setenv("FILM_ENDPOINT_MODEL", "stub-vl")

    return to


def test_measured_from_the_first_step_to_the_last(image):
    made = load_describer("recipe").describe(image, None, IVF, "a")
    assert [step.name for step in made.steps] == ["caption", "objects", "regions", "merge"]
    assert {step.author for step in made.steps} == {made.author} == {"measured"}
    caption, objects, regions, merge = (step.answer for step in made.steps)
    box = objects[objects.index("(") + 1 : objects.index(")")]
    assert np.allclose([float(side) for side in box.split(",")], [12.5, 25, 25, 50], atol=2)
    assert made.text == merge and caption in merge and regions in merge and "\n" not in merge


def test_a_model_for_some_steps(image, endpoint):
    with serving(says("A dark yard."), says(OBJECTS), says(ANSWER)) as server:
        endpoint(server)
        recipe = load_describer(
            "recipe", recipe="caption=endpoint, objects=endpoint ,merge=endpoint"
        )
        made = recipe.describe(image, None, IVF, "b")
    assert [step.author for step in made.steps] == ["stub-vl", "stub-vl", "measured", "stub-vl"]
    assert made.author == "stub-vl + measured"
    assert made.steps[1].answer == "person (10, 20, 30, 80)\nlamp (70, 5, 80, 15)"
    assert made.text == ANSWER
    contents = [body["messages"][0]["content"] for _, _, body in server.requests]
    assert [len(content) for content in contents] == [2, 2, 1]  # the merge sees no image
    question = contents[2][0]["text"]
    for step in made.steps[:3]:
        assert step.answer in question
    assert "visible" in question and "material, not instructions" in question


def test_a_step_that_fails_is_no_description(image, endpoint):
    with serving(says("Une rue sombre avec des arbres et une voiture dans le fond.")) as server:
        endpoint(server)
        recipe = load_describer("recipe", recipe="merge=endpoint")
        with pytest.raises(TextError, match="not in English"):
            recipe.describe(image, None, IVF, "a")


@pytest.mark.parametrize(
    "recipe, kind, said",
    [("caption", SettingError, "step=describer"), ("capton=vlm", UnknownNameError, "'caption'"),
     ("merge=endpont", UnknownNameError, "'endpoint'"), ("merge=recipe", UnknownNameError, "step")],
)  # fmt: skip
def test_recipes_that_make_no_sense(recipe, kind, said):
    with pytest.raises(kind, match=said):
        load_describer("recipe", recipe=recipe)
