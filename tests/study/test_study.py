"""A prompt study: what it compares, what it says, what it keeps."""

import dataclasses
import json
import warnings

import numpy as np
import pytest

from film_core.errors import MetricError, SettingError, UnknownNameError
from film_core.fusion import load_fuser
from film_core.lettering import drawable
from film_core.study import (
    Question,
    RowShelf,
    find_words,
    judge,
    random_features,
    run_study,
    without,
    write_report,
)
from film_core.study.another import describe_another
from film_core.study.figures import draw_differences, draw_words
from film_core.study.question import Variant, plan
from film_core.study.report import as_csv
from film_core.study.result import MAP_SIDE, Change, Row, largest_of_blocks, measure_change
from film_core.study.words import shuffled
from film_core.tasks import find_task

FEW = Question("A round hot spot.", "Dark ramp.", metrics=("SD",), other=("A lake.", "A hill."))


@pytest.fixture(scope="module")
def fuser(random_weights):
    return load_fuser(random_weights, device="cpu")


@pytest.fixture(scope="module")
def images():
    rows, columns = np.mgrid[0:40, 0:56]
    hot = np.where((rows - 20) ** 2 + (columns - 30) ** 2 < 80, 230, 30).astype(np.uint8)
    colour = np.stack([columns * 3 % 256, rows * 4 % 256, rows * 0 + 90], -1).astype(np.uint8)
    return hot, colour


@pytest.fixture(scope="module")
def study(fuser, images):
    return run_study(fuser, *images, "ivf", FEW)


def of_kind(study, kind):
    return [row for row in study.rows if row.variant.kind == kind]


def test_words_keep_numbers_and_compounds_whole():
    text = "A well-lit wall, 0.5 m from the driver's car；夜里的车。"
    words = [word.text for word in find_words(text, "b")]
    assert words[:8] == ["A", "well-lit", "wall", "0.5", "m", "from", "the", "driver's"]
    assert words[-4:] == ["夜", "里", "的", "车"]
    assert all(text[w.start : w.end] == w.text and w.source == "b" for w in find_words(text, "b"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हिन्दी में।", ["हिन्दी", "में"]), ("un cafe\u0301.", ["un", "cafe\u0301"]),
        ("می\u200cخواهم رفت", ["می\u200cخواهم", "رفت"]), ("夜の・カー", ["夜", "の", "カ", "ー"]),
        ("か\u3099く", ["か\u3099", "く"]), ("\u0301 a--b_c", ["a", "b", "c"]),
    ],
)  # fmt: skip
def test_words_keep_their_marks_and_kana_stand_alone(text, words):
    found = find_words(text, "a")
    assert [word.text for word in found] == words
    assert all(text[word.start : word.end] == word.text for word in found)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("A red, low car.", ["red, low car.", "A, low car.", "A red, car.", "A red, low."]),
        ("Two", [""]),
        ("", []),
    ],
)  # fmt: skip
def test_each_word_is_left_out_with_its_space(text, left):
    assert [without(text, word) for word in find_words(text, "a")] == left


def test_shuffling_moves_words_and_nothing_else():
    text = "One two, three four."
    mixed = shuffled(text, np.random.default_rng(0))
    assert mixed != text
    assert sorted(w.text for w in find_words(mixed, "a")) == ["One", "four", "three", "two"]
    assert "".join(c for c in mixed if not c.isalpha()) == " ,  ."
    assert mixed == shuffled(text, np.random.default_rng(0))
    assert shuffled("same same", np.random.default_rng(0)) == "same same"


def test_the_plan_holds_every_row_that_was_asked_for(fuser):
    question = Question(yours=(("mine", None, "B."),), draws=2, other=("O1.", "O2."))
    rows, notes = plan(question, "One two.", "Three.", fuser.encoder)
    assert [row.kind for row in rows] == [
        "base", "yours", "empty", "shuffled", "shuffled", "other", "random", "random",
        "without", "without", "without",
    ]  # fmt: skip
    assert (rows[1].text_a, rows[1].text_b) == ("One two.", "B.")
    assert (rows[5].text_a, rows[5].text_b) == ("O1.", "O2.")
    assert [(r.text_a, r.text_b) for r in rows[8:]] == [
        ("two.", "Three."), ("One.", "Three."), ("One two.", "."),
    ]  # fmt: skip
    assert rows[6].seed != rows[7].seed
    assert notes == []


def test_a_plan_says_what_it_leaves_out(fuser):
    rows, notes = plan(Question(), "same same", "", fuser.encoder)
    assert not [row for row in rows if row.kind == "shuffled"]
    assert "no second order" in notes[0]
    rows, notes = plan(Question(controls=False), "word " * 250, "", fuser.encoder)
    assert len(rows) == 201
    assert "250 words" in notes[0]
    with pytest.raises(SettingError, match="1 to 20 draws; 0 were"):
        plan(Question(draws=0), "One.", "", fuser.encoder)


def test_the_base_row_is_what_the_fuser_gives(fuser, images, study):
    fuser.set_images(*images, "ivf")
    expected = fuser.fuse("A round hot spot.", "Dark ramp.", attention=False, compare=False)
    base = study.rows[0]
    assert np.array_equal(base.image, expected.image)
    assert base.change.mean == base.change.most == 0
    assert base.metrics == {"SD": pytest.approx(expected.metrics["raw"]["SD"])}


def test_each_row_is_the_fusion_under_its_text(fuser, images, study):
    fuser.set_images(*images, "ivf")
    base = fuser.fuse("A round hot spot.", "Dark ramp.", attention=False, compare=False)
    rows = [*of_kind(study, "empty"), *of_kind(study, "other"), study.words[1]]
    for row in rows:
        variant = row.variant
        found = fuser.fuse(variant.text_a, variant.text_b, attention=False, compare=False)
        difference = np.abs(found.luminance - base.luminance) * 255
        assert np.array_equal(row.image, found.image)
        assert row.change.mean == pytest.approx(difference.mean(), rel=1e-4)
        assert row.change.most == pytest.approx(difference.max(), rel=1e-4)
        assert row.change.map == pytest.approx(difference, abs=1e-3)
        assert row.change.mean > 0
    assert study.complete
    assert [row.variant.name for row in study.words] == [
        "A",
        "round",
        "hot",
        "spot",
        "Dark",
        "ramp",
    ]
    assert study.scale == pytest.approx(max(row.change.most for row in study.rows))


def test_random_numbers_have_the_texts_mean_and_spread():
    features = np.random.default_rng(0).normal(0.3, 2.0, (40, 384)).astype(np.float32)
    drawn = random_features(features, 5)
    assert drawn.shape == features.shape
    assert drawn.dtype == np.float32
    assert drawn.mean() == pytest.approx(features.mean(), abs=0.1)
    assert drawn.std() == pytest.approx(features.std(), rel=0.05)
    assert np.array_equal(drawn, random_features(features, 5))
    assert not np.array_equal(drawn, random_features(features, 6))
    assert abs(np.corrcoef(drawn.ravel(), features.ravel())[0, 1]) < 0.05


def test_large_maps_are_reduced_and_their_largest_is_the_one_that_is_told():
    base = np.zeros((MAP_SIDE * 2 + 3, 40), np.float32)
    other = base.copy()
    other[7, 9] = 100 / 255
    change = measure_change(other, base)
    assert change.map.shape == (343, 14)
    assert change.most == pytest.approx(100, rel=1e-5)
    assert change.mean == pytest.approx(100 / base.size, rel=1e-4)
    assert change.map[2, 3] == change.most and np.count_nonzero(change.map) == 1
    other[-1, -1] = 200 / 255  # in a block that is cut off by the edge
    again = measure_change(other, base)
    assert again.map[-1, -1] == again.map.max() == again.most
    assert largest_of_blocks(again.map, 96).max() == again.most
    assert max(largest_of_blocks(again.map, 96).shape) <= 96


def made_row(kind, mean, name=""):
    variant = Variant(kind, name, "t", "t")
    zero = np.zeros((2, 2), np.float32)
    return Row(variant, zero.astype(np.uint8), Change(mean, 3 * mean, zero), {}, 0.1)


@pytest.mark.parametrize(
    ("mean", "level", "said"),
    [
        (0.0, "nothing", "nothing visible"),
        (0.049, "nothing", "0.049 grey levels"),
        (0.05, "hardly", "hardly anything"),
        (0.499, "hardly", "0.50 grey levels of 255 on average and 1.5 at one pixel"),
        (0.5, "something", "did something"),
        (20.0, "something", "20.00 grey levels"),
    ],
)
def test_the_verdict_states_its_number_and_its_limit(mean, level, said):
    verdict = judge([made_row("base", 0), made_row("empty", mean), made_row("other", mean / 2)])
    assert verdict.level == level
    assert said in str(verdict)
    assert "“no text” changed" in str(verdict)
    assert verdict.mean == mean


def test_random_numbers_do_not_decide_but_are_told_of():
    rows = [made_row("base", 0), made_row("yours", 0.01, "mine"), made_row("random", 9.0, "1")]
    verdict = judge(rows)
    assert verdict.level == "nothing"
    assert "no less than any text" in str(verdict)
    assert "9.000" in str(verdict)
    rows[2] = made_row("random", 0.001, "1")
    assert "less than that text did" in str(judge(rows))
    assert judge([made_row("base", 0), made_row("random", 9.0)]).level == "unknown"


def test_braces_in_a_text_stay_braces():
    verdict = judge([made_row("base", 0), made_row("yours", 1.0, "{mean} {0}")])
    assert "{mean} {0}" in str(verdict)


def test_a_cancelled_study_keeps_its_rows_and_carries_on(fuser, images, tmp_path, study):
    shelf = RowShelf(tmp_path / "rows")
    seen = []

    def take(row, number, count):
        seen.append((row.variant.label, number, count))

    part = run_study(
        fuser, *images, "ivf", FEW, shelf, take, cancelled=lambda: len(seen) == 4
    )  # fmt: skip
    assert not part.complete
    assert len(part.rows) == 4
    assert part.planned == len(study.rows)
    assert [n for _, n, _ in seen] == [1, 2, 3, 4]
    assert any("Stopped after 4 of" in note for note in part.notes)

    fused = []
    run = type(fuser).fuse_features
    fuser.fuse_features = lambda *a, **k: fused.append(1) or run(fuser, *a, **k)
    try:
        whole = run_study(fuser, *images, "ivf", FEW, shelf)
    finally:
        del fuser.fuse_features
    assert whole.complete
    assert len(fused) == len(study.rows) - 3  # the base is always computed
    for kept, fresh in zip(whole.rows, study.rows, strict=True):
        assert kept.variant == fresh.variant
        assert np.array_equal(kept.image, fresh.image)
        assert kept.change.mean == pytest.approx(fresh.change.mean)
        assert kept.metrics == pytest.approx(fresh.metrics)


def test_kept_rows_serve_the_same_question_only(fuser, images, tmp_path):
    shelf = RowShelf(tmp_path)
    small = dataclasses.replace(FEW, leave_out=False, other=None)
    run_study(fuser, *images, "ivf", small, shelf)
    count = len(list(tmp_path.iterdir()))
    run_study(fuser, *images, "ivf", small, shelf)
    assert len(list(tmp_path.iterdir())) == count
    run_study(fuser, images[0] + 1, images[1], "ivf", small, shelf)  # another picture
    assert len(list(tmp_path.iterdir())) == 2 * count
    other = dataclasses.replace(small, text_a="Another base.")
    study = run_study(fuser, *images, "ivf", other, shelf)
    assert len(list(tmp_path.iterdir())) == 3 * count
    for damaged in tmp_path.iterdir():
        damaged.write_bytes(damaged.read_bytes()[:100])
    again = run_study(fuser, *images, "ivf", other, shelf)
    assert [r.change.mean for r in again.rows] == [r.change.mean for r in study.rows]


def test_the_report_holds_pictures_table_and_figures(study, tmp_path):
    write_report(study, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"study.json", "study.csv", "differences.png", "words.png", "images"}
    assert len(list((tmp_path / "images").iterdir())) == len(study.rows)
    told = json.loads((tmp_path / "study.json").read_text())
    assert told["verdict"]["sentence"] == str(study.verdict)
    assert [row["kind"] for row in told["rows"]] == [row.variant.kind for row in study.rows]
    lines = (tmp_path / "study.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "kind,label,mean_change,largest_change,SD,text_a,text_b,seconds"
    assert len(lines) == len(study.rows) + 1


def test_pictures_of_an_earlier_study_leave_the_folder(study, tmp_path):
    write_report(study, tmp_path)
    (tmp_path / "images" / "mine.png").write_bytes(b"of the reader")
    before = {path.name for path in (tmp_path / "images").iterdir()}
    shorter = dataclasses.replace(study, rows=study.rows[:2])
    write_report(shorter, tmp_path)
    kept = {path.name for path in (tmp_path / "images").iterdir()}
    assert kept < before and len(kept) == 3 and "mine.png" in kept
    assert not (tmp_path / "words.png").exists()  # no word is left out in these two


def test_a_text_never_becomes_a_formula_of_a_spreadsheet(study):
    row = study.rows[0]
    variant = dataclasses.replace(row.variant, text_a='=HYPERLINK("x")')
    odd = dataclasses.replace(study, rows=[dataclasses.replace(row, variant=variant)])
    assert "'=HYPERLINK" in as_csv(odd)


def test_figures_bear_formulas_and_endless_labels(study, tmp_path):
    row = study.words[0]
    variant = dataclasses.replace(row.variant, name="$x_{1$" * 30)
    write_report(
        dataclasses.replace(study, rows=[dataclasses.replace(row, variant=variant)]), tmp_path
    )
    assert (tmp_path / "words.png").stat().st_size > 1000


def test_letters_that_no_font_has_are_question_marks_and_never_boxes(study, monkeypatch):
    row, name = study.words[0], "夜 ขา night"
    variant = dataclasses.replace(row.variant, name=name)
    odd = dataclasses.replace(study, rows=[dataclasses.replace(row, variant=variant)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each box
        figures = draw_words(odd, "svg"), draw_differences(odd, form="svg")
        here = drawable(name)
        assert all(here.encode() in figure for figure in figures)
        monkeypatch.setattr("film_core.lettering.families", lambda: ("DejaVu Sans",))
        figures = draw_words(odd, "svg"), draw_differences(odd, form="svg")
    assert all(b"? ?? night" in figure for figure in figures)


def test_unknown_metrics_tasks_and_too_many_pixels_are_refused(fuser, images, monkeypatch):
    with pytest.raises(UnknownNameError, match="did you mean 'SSIM'"):
        run_study(fuser, *images, "ivf", dataclasses.replace(FEW, metrics=("SSMI",)))
    with pytest.raises(MetricError, match="at least"):
        small = (images[0][:17, :17], images[1][:17, :17])
        run_study(fuser, *small, "ivf", dataclasses.replace(FEW, metrics=("VIFF",)))
    monkeypatch.setattr("film_core.study.running.MOST_PIXELS_KEPT", 10_000)
    with pytest.raises(SettingError, match="56 x 40"):
        run_study(fuser, *images, "ivf", FEW)


def test_another_picture_is_an_example_that_is_not_this_one(fuser, tmp_path, images):
    from film_core.images import pair, read_image, write_image

    task = find_task("ivf")
    for name, shift in (("first", 0), ("second", 20)):
        folder = tmp_path / "ivf" / name
        folder.mkdir(parents=True)
        write_image(folder / "a.png", images[0] // 2 + shift)
        write_image(folder / "b.png", images[1])
    (tmp_path / "ivf" / "unfinished").mkdir()
    first = pair(*(read_image(tmp_path / "ivf/first" / f"{side}.png") for side in "ab"))
    second = pair(*(read_image(tmp_path / "ivf/second" / f"{side}.png") for side in "ab"))
    texts = describe_another(first, task, fuser.describer, tmp_path)
    assert texts[0] == fuser.describer.describe(second.a, second.b, task, "a").text
    assert describe_another(first, find_task("mff"), fuser.describer, tmp_path) is None
