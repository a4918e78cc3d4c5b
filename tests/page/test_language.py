"""Both languages say everything, and errors are translated by their code."""

import ast
import math
import string
from html import escape
from pathlib import Path
from types import SimpleNamespace

import pytest

from demo.language import LANGUAGES, load_language, preferred_language
from demo.panels.metrics import render_metrics
from demo.panels.progress import stage_detail
from film_core.errors import ImageError
from film_core.metrics import FORMS, METRICS

ROOT = Path(__file__).resolve().parents[2]


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("name", [name for name in LANGUAGES if name != "en"])
def test_no_sentence_is_missing_and_none_has_other_blanks(name):
    english, other = load_language("en").phrases, load_language(name).phrases
    assert sorted(set(english) - set(other)) == []
    for key, sentence in english.items():
        assert fields(other[key]) <= fields(sentence), key


def test_every_key_that_the_code_names_exists():
    phrases = load_language("en").phrases
    for file in (ROOT / "demo").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func
            said = (isinstance(called, ast.Name) and called.id == "say") or (
                isinstance(called, ast.Attribute)
                and called.attr == "html"
                and isinstance(called.value, ast.Name)
                and called.value.id == "say"
            )
            first = node.args[0]
            if said and isinstance(first, ast.Constant):
                assert first.value in phrases, f"{file.name}: {first.value}"


def sentences_of_errors(*folders: str) -> dict[str, list[str]]:
    found = {}
    for folder in folders:
        path = ROOT / folder
        for file in path.rglob("*.py") if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or is_note(node):
                    continue
                if getattr(node.func, "id", "") == "Finding":  # what a study says
                    continue
                texts = [argument.value for argument in node.args[:2] if is_text(argument)]
                if len(texts) == 2 and "." in texts[0] and " " in texts[1] and " " not in texts[0]:
                    found.setdefault(texts[0], []).append(texts[1])
    return found


def is_note(call: ast.Call) -> bool:
    named = isinstance(call.func, ast.Name) and call.func.id == "Note"
    return named and all(map(is_text, call.args[:2]))


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_chinese_errors_fill_in_what_the_english_ones_do():
    english = sentences_of_errors("film_core", "demo")
    chinese = load_language("zh").phrases
    for key, sentence in chinese.items():
        code = key.removeprefix("error.")
        if key.startswith("error.") and code in english:
            assert any(fields(sentence) <= fields(known) for known in english[code]), key


def test_what_a_visitor_can_meet_is_translated():
    chinese = load_language("zh").phrases
    codes = {*sentences_of_errors("demo", *folders_of_the_page()), *NAMED_WHERE_RAISED}
    assert len(codes) > 120
    assert sorted(c for c in codes - NOT_ON_THE_PAGE if f"error.{c}" not in chinese) == []
    assert sorted(NOT_ON_THE_PAGE - codes) == []  # an exception that is none any more
    assert sorted(c for c in NOT_ON_THE_PAGE if f"error.{c}" in chinese) == []


def test_no_code_is_put_together_but_those_that_are_known():
    """A code that is put together where it is raised would escape the test above."""
    made = set()
    for folder in ("demo", *folders_of_the_page()):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                called = getattr(getattr(node, "func", None), "id", "")
                if not called.endswith("Error") or len(node.args) < 2:
                    continue  # an error of ours has a code and a sentence
                if isinstance(node.args[0], ast.JoinedStr):
                    made.add(ast.unparse(node.args[0]))
    assert made == {"f'endpoint.{kind}'", "f'vlm.{during}'"}


def test_what_a_batch_leaves_out_is_translated():
    chinese = load_language("zh").phrases
    found = {}
    for file in (ROOT / "film_core" / "batch").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if getattr(getattr(node, "func", None), "id", "") == "Unpaired":
                code, sentence = node.args[1:3]
                if is_text(code):
                    found[code.value] = sentence.value
    assert len(found) > 8
    for code, sentence in found.items():
        assert fields(chinese[f"unpaired.{code}"]) == fields(sentence), code


def test_metrics_are_explained_in_chinese():
    chinese = load_language("zh").phrases
    for name, metric in METRICS.items():
        said = {
            "sentence": metric.sentence, "wrongly": metric.rewards_wrongly,
            "range": metric.range_text, "undefined": metric.undefined, "local": metric.local_map,
        }  # fmt: skip
        for part, english in said.items():
            assert bool(english) == (f"metric.{name}.{part}" in chinese), f"{name}.{part}"


def test_an_undefined_metric_says_why_in_the_language():
    forms = {form: dict.fromkeys(METRICS, math.nan) for form in FORMS}
    result = SimpleNamespace(metrics=forms, comparison={})
    visit = SimpleNamespace(result=result, form="raw", earlier=[], local=None, errors={})
    for name in LANGUAGES:
        say = load_language(name)
        table = render_metrics(visit, say, {}, None)
        for metric in METRICS.values():
            for part, english in (("range", metric.range_text), ("undefined", metric.undefined)):
                assert escape(say.known(f"metric.{metric.name}.{part}", english)) in table
        assert ("undefined where" in table, "grey levels" in table) == (name == "en",) * 2


def test_notes_are_translated_with_the_same_blanks():
    chinese = load_language("zh").phrases
    notes = {}
    for file in (ROOT / "film_core").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and is_note(node):
                notes[node.args[0].value] = node.args[1].value
    assert len(notes) > 10
    missing = [code for code in notes if f"note.{code}" not in chinese]
    assert missing == []
    for code, sentence in notes.items():
        own = {"task", "trained"} if code == "weights.other_task" else set()
        assert fields(chinese[f"note.{code}"]) <= fields(sentence) | own, code


def stages() -> set[str]:
    """Every stage that a worker may report while it starts or works."""
    inside = ("fusion", "kernels", "runtime", "net", "text/describers", "study")
    folders = [*(ROOT / "film_core" / name for name in inside), ROOT / "demo" / "worker"]
    found = {"caption", "objects", "regions"}  # named by a loop of the recipe
    for file in (file for folder in folders for file in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not is_text(node.args[0]):
                continue
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called.lstrip("_") in ("progress", "report", "step"):
                found.add(node.args[0].value)
    return found


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_stage_of_a_worker_has_its_words(name):
    known = stages()
    assert {"jittor", "kernels", "weights", "fuse", "compose", "merge"} <= known
    phrases = load_language(name).phrases
    assert sorted(stage for stage in known if f"stage.{stage}" not in phrases) == []


def test_details_of_stages_are_said_with_their_numbers():
    chinese, english = load_language("zh"), load_language("en")
    assert stage_detail("jittor", "7 of 90 files", english) == "7 of 90 files"
    said = stage_detail("jittor", "7 of 90 files", chinese)
    assert "7" in said and "90" in said and "files" not in said
    assert "40" in stage_detail("kernels", "compiled once, in 10 to 40 s", chinese)
    assert stage_detail("jittor", "none", chinese) == "none"
    assert stage_detail("encode", "picture.png", chinese) == "picture.png"


FOR_COMMANDS = ("benchmarking", "commands", "data", "testing", "training")
"""Folders of film_core that the page doesn't use."""

NAMED_WHERE_RAISED = {"endpoint.malformed", "endpoint.oversized", "vlm.answer", "vlm.load"}

NOT_ON_THE_PAGE = {
    # Arrays, paths and numbers that a program hands over, or a caller of the endpoints, who gets
    # English.
    "attention.out_of_range", "attention.source", "attention.word", "fuser.no_images",
    "image.array_range", "image.array_shape", "image.array_type", "image.base64",
    "image.fused_size", "image.missing", "image.not_a_file", "image.unreadable",
    "metric.not_finite", "metric.not_grey", "metric.range", "metric.sizes", "metric.unit_range",
    "metrics.form", "net.image_shapes", "net.steer_texts", "net.text_shape", "output.picture",
    "output.text", "runtime.started_on_cpu", "runtime.too_late", "steering.source",
    "study.out_of_range", "study.too_many_texts", "text.encoded_width", "text.features",
    "text.features_only", "text.features_shape", "text.features_values", "text.no_path",
    "text.not_finite", "text.not_text", "text.other_encoder",
    # Files that only commands read or write: the page's batches and studies are its own.
    "batch.deadly", "batch.fault", "batch.list", "batch.no_cluster", "batch.no_folder",
    "batch.no_pairs", "batch.no_parquet", "batch.no_ray", "batch.one_folder", "batch.texts",
    "batch.too_many", "batch.too_many_files", "cache.folder", "cache.limit", "output.format",
    "output.full", "output.no_folder", "output.unwritable", "study.too_much",
    # Settings that keep the page from starting: its host reads them in a terminal.
    "setting.mcp", "setting.port", "setting.port_used", "setting.switch", "setting.value",
}  # fmt: skip


def folders_of_the_page() -> list[str]:
    folders = [path for path in (ROOT / "film_core").iterdir() if path.is_dir()]
    used = [path for path in folders if path.name not in FOR_COMMANDS]
    return ["film_core/errors.py", *(f"film_core/{path.name}" for path in used)]


def test_an_error_is_said_in_the_language_and_in_english_where_that_is_missing():
    error = ImageError("image.too_small", "It is {width}.", name="x", width=3, height=4, limit=16)
    assert "16" in load_language("zh").error(error) and "像素" in load_language("zh").error(error)
    assert load_language("en").error(error) == "It is 3."
    unknown = ImageError("image.new", "Only English knows {what}.", what="this")
    assert load_language("zh").error(unknown) == "Only English knows this."


@pytest.mark.parametrize(
    ("accept", "name"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de,en;q=0.7", "en"), ("", "en"), ("en-GB", "en")],
)
def test_the_browser_chooses_first(accept, name):
    assert preferred_language(accept) == name
