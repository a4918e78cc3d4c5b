"""Both languages say everything, and errors are translated by their code."""

import ast
import string
from pathlib import Path

import pytest

from demo.language import LANGUAGES, load_language, preferred_language
from demo.panels.progress import stage_detail
from film_core.errors import ImageError

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
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or is_note(node):
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


def test_what_a_visitor_can_cause_is_translated():
    chinese = load_language("zh").phrases
    missing = [
        code
        for code in sentences_of_errors("demo", "film_core/images")
        if code.split(".")[0] in ("image", "upload", "pair", "queue", "worker", "fuse")
        and code not in ONLY_FOR_PROGRAMS
        and f"error.{code}" not in chinese
    ]
    assert missing == []


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


ONLY_FOR_PROGRAMS = {  # arrays, paths and files that no visitor can hand over
    "image.array_range", "image.array_shape", "image.array_type", "image.base64",
    "image.fused_size", "image.missing", "image.not_a_file", "image.not_png", "image.unreadable",
}  # fmt: skip


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
