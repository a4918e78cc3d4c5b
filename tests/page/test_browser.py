"""The page in a real Chromium, with a stand-in for the network so that every state is reached."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from demo.language import load_language

pytestmark = pytest.mark.browser


def open_page(tab, server):
    tab.page.goto(server.address)
    expect(tab.page.locator("#fuse")).to_be_visible()
    expect(tab.page.locator(".stage")).to_be_visible()
    return tab.page


def upload(page, slot, file):
    page.set_input_files(f"#source-{slot} input[type=file]", file)


def give_pair(page, files):
    for slot, file in zip("ab", files, strict=True):
        upload(page, slot, file)
        expect(page.locator(f"#source-{slot} .drop-name")).to_have_text(file.name)
    for slot in "ab":
        expect(page.locator(f"#author-{slot}")).to_contain_text("Written from measurements")
        expect(page.locator(f"#text-{slot} textarea")).not_to_have_value("")


def fuse(page, state="done"):
    page.click("#fuse")
    expect(page.locator(f"#progress .progress[data-state={state}]")).to_be_visible(timeout=60_000)


def test_upload_describe_edit_fuse_look_download(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    assert "infrared" in page.input_value("#text-a textarea").lower()
    fuse(page)
    expect(page.locator(".stage img[alt='Fused image']")).to_have_count(1)
    expect(page.locator("#metrics tbody tr")).to_have_count(12)
    expect(page.locator("#metrics thead th")).to_have_text(
        ["Metric", "Fused", "Source A", "Source B", "Mean", "Maximum", "Pyramid"]
    )
    expect(page.locator("#facts")).to_contain_text("Did the words matter?")

    page.fill("#text-a textarea", "A warm engine <b>left</b> of the wall.")
    fuse(page)
    expect(page.locator("#facts .measured")).to_contain_text("of 255 grey levels on average")

    page.get_by_role("tab", name="Words and places").click()
    word = page.locator(".words.a .word", has_text="engine")
    before = page.get_attribute("#attention figure img", "src")
    word.click()
    expect(page.locator("#attention figcaption")).to_contain_text("“engine”, stage 1, source A")
    assert page.get_attribute("#attention figure img", "src") != before
    expect(page.locator(".words.a .word", has_text="<b>left</b>")).to_have_count(1)
    page.locator("#attention [data-choose='source:b']").click()
    page.locator("#attention [data-choose='head:3']").click()
    expect(page.locator("#attention figcaption")).to_contain_text("source B, Head 3")

    with page.expect_download() as waiting:
        page.click(".download")
    assert waiting.value.suggested_filename == "fused-ivf-2.png"
    with open(waiting.value.path(), "rb") as file:
        picture = Image.open(io.BytesIO(file.read()))
    assert picture.size == (128, 96)
    assert tab.faults == []


def test_words_side_by_side_and_linked_with_places(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    page.fill("#text-a textarea", "warm engine left")
    page.fill("#text-b textarea", "wall")
    fuse(page)
    page.get_by_role("tab", name="Words and places").click()
    word = page.locator(".word", has_text="engine")
    word.hover()
    expect(page.locator(".attention-hover .tag")).to_have_text("engine")
    page.locator(".attention-plane").hover(position={"x": 30, "y": 30})
    expect(page.locator(".attention-hover")).to_have_count(0)
    said = page.locator(".attention-here")
    expect(said).to_contain_text(re.compile(r"look most here.*(engine|warm|left|wall) \d"))
    first = said.text_content().partition(": ")[2].split()[0]
    here = page.locator(".word").evaluate_all(
        "words => words.map(w => [w.textContent, Number(w.style.getPropertyValue('--here'))])"
    )
    assert max(here, key=lambda pair: pair[1])[0] == first
    page.click("[data-choose='several:on']")
    for count, name in enumerate(("engine", "wall", "left"), 1):
        page.locator(".word", has_text=name).click()
        expect(page.locator(".attention-maps")).to_have_attribute("data-count", str(count))
    expect(page.locator(".attention-maps .tag")).to_have_text(["engine", "wall", "left"])
    page.locator(".word", has_text="wall").click()
    expect(page.locator(".attention-maps .tag")).to_have_text(["engine", "left"])
    with page.expect_download() as waiting:
        page.locator("#attention .downloads a", has_text=".png").click()
    assert Image.open(waiting.value.path()).size[0] > 1500
    page.click("[data-choose='show:gate']")
    expect(page.locator("#attention figcaption")).to_contain_text("256 numbers, 128 of them neg")
    expect(page.locator(".attention-maps img")).to_have_attribute("alt", re.compile("The gate of"))
    assert tab.faults == []


def test_nothing_is_requested_from_outside(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    local = (stand_in_page.address, "data:", "blob:")
    assert [url for url in tab.requests if not url.startswith(local)] == []
    assert len(tab.requests) > 5


def test_a_worker_killed_in_mid_fusion_costs_a_sentence_and_the_result_comes(
    tab, stand_in_page, pair_files
):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    stand_in_page.mark.unlink(missing_ok=True)
    page.fill("#text-a textarea", "crash once")
    fuse(page, "note")
    expect(page.locator("#progress")).to_contain_text("SIGKILL")
    expect(page.locator(".stage img[alt='Fused image']")).to_have_count(1)


def test_a_worker_that_crashes_again_costs_nothing_but_a_sentence(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    page.fill("#text-a textarea", "crash always")
    fuse(page, "failed")
    expect(page.locator("#progress")).to_contain_text("nothing of yours is lost")
    assert page.input_value("#text-a textarea") == "crash always"
    expect(page.locator(".stage img[alt='Fused image']")).to_have_count(1)
    page.fill("#text-a textarea", "calm again")
    fuse(page)


def test_cancel_stops_and_keeps_everything(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    page.fill("#text-a textarea", "slow")
    page.click("#fuse")
    expect(page.locator("#progress .bar")).to_be_visible()
    page.click("#cancel")
    expect(page.locator("#progress")).to_contain_text("Cancelled. Everything else is as it was.")
    expect(page.locator("#cancel")).to_be_hidden()
    assert page.input_value("#text-a textarea") == "slow"


def test_fusing_without_images_says_what_is_missing(tab, stand_in_page):
    page = open_page(tab, stand_in_page)
    if page.locator("#source-a [data-act=clear]").count():
        page.click("#source-a [data-act=clear]")
        expect(page.locator("#source-a .drop")).to_have_attribute("data-state", "empty")
    fuse(page, "failed")
    expect(page.locator("#progress")).to_contain_text("choose source A")


BAD_FILES = {
    "text.png": (b"this is no picture", "is a text file, not an image"),
    "empty.png": (b"", "is empty"),
    "cut.jpg": (None, "damaged or cut off"),
    "one.png": (None, "at least 16 a side"),
    "huge.png": (None, "900.0 megapixels"),
}


def bad_content(name):
    if BAD_FILES[name][0] is not None:
        return BAD_FILES[name][0]
    file = io.BytesIO()
    if name == "cut.jpg":
        noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
        Image.fromarray(noise).save(file, "JPEG")
        return file.getvalue()[:900]
    if name == "one.png":
        Image.new("L", (1, 1)).save(file, "PNG")
        return file.getvalue()
    Image.new("1", (30_000, 30_000)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_answered_beside_the_field_and_clear_nothing(
    tab, stand_in_page, pair_files, tmp_path, name
):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    page.fill("#text-b textarea", "my own words")
    (tmp_path / name).write_bytes(bad_content(name))
    upload(page, "a", tmp_path / name)
    expect(page.locator("#source-a .alert")).to_contain_text(BAD_FILES[name][1])
    expect(page.locator("#source-a .drop-name")).to_have_text(pair_files[0].name)
    assert page.input_value("#text-b textarea") == "my own words"


def test_sizes_that_do_not_agree_are_refused_beside_the_field(
    tab, stand_in_page, pair_files, tmp_path
):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    Image.new("L", (200, 50), 90).save(tmp_path / "wide.png")
    upload(page, "b", tmp_path / "wide.png")
    expect(page.locator("#source-b .alert")).to_contain_text("The two images don't fit")
    fuse(page, "failed")
    expect(page.locator("#progress")).to_contain_text("crop them to the same view")


def test_the_divider_moves_by_keyboard_and_pointer(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    divider = page.locator(".divider")
    divider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert float(divider.input_value()) == 55
    box = page.locator(".pane.double").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    assert abs(float(divider.input_value()) - 25) < 1
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".pixel")).to_contain_text(re.compile(r"x \d+\s+y \d+.*Fused \d+"))


def shift(page):
    """How far the picture is moved: x and y of its corner in pixels, and its scale."""
    style = page.locator(".plane").first.evaluate("plane => getComputedStyle(plane).transform")
    scale, *_, x, y = map(float, style.removeprefix("matrix(").removesuffix(")").split(","))
    return x, y, scale


def test_a_zoomed_picture_is_moved_by_arrow_keys_and_the_divider_keeps_its_own(
    tab, stand_in_page, pair_files
):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    stage, divider = page.locator(".stage"), page.locator(".divider")
    page.locator(".download.second").focus()
    page.keyboard.press("Tab")
    expect(stage).to_be_focused()
    width, height = page.locator(".pane").evaluate("p => [p.clientWidth, p.clientHeight]")
    at_rest = shift(page)
    page.keyboard.press("ArrowDown")
    assert shift(page) == at_rest
    page.keyboard.press("+")
    x, y, scale = shift(page)
    assert scale == pytest.approx(1.5 * at_rest[2], rel=1e-3)
    for key, right, down in (("Right", -1, 0), ("Down", -1, -1), ("Left", 0, -1), ("Up", 0, 0)):
        page.keyboard.press(f"Arrow{key}")
        moved = (x + 0.1 * width * right, y + 0.1 * height * down)
        assert shift(page)[:2] == pytest.approx(moved, abs=1), key
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    middle = (width / 2 - shift(page)[0]) / scale  # of the pane, in pixels of the picture
    assert middle == pytest.approx(128, abs=1)
    before = shift(page)
    divider.focus()
    page.keyboard.press("ArrowRight")
    assert float(divider.input_value()) == 50.5 and shift(page) == before
    page.keyboard.press("0")
    assert shift(page) == at_rest


@pytest.mark.parametrize(
    "tab", [{"viewport": {"width": 390, "height": 844}, "has_touch": True}], indirect=True
)
def test_fingers_scroll_the_page_until_the_picture_is_zoomed(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    stage = page.locator(".stage")
    stage.evaluate("stage => stage.scrollIntoView({block: 'center'})")
    box = stage.bounding_box()
    fingers = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] / 2

    def draw(*ways):
        """Move fingers in ten steps, each from (x, y) to (x, y)."""
        for step in range(11):
            points = [
                {"x": a + (c - a) * step / 10, "y": b + (d - b) * step / 10, "id": finger}
                for finger, ((a, b), (c, d)) in enumerate(ways)
            ]
            kind = "touchMove" if step else "touchStart"
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_timeout(300)

    scrolled, rest = page.evaluate("scrollY"), shift(page)
    draw(((x, y), (x, y - 80)))
    assert page.evaluate("scrollY") > scrolled + 40 and shift(page) == rest
    assert page.input_value(".divider") == "50"

    stage.evaluate("stage => stage.scrollIntoView({block: 'center'})")
    scrolled = page.evaluate("scrollY")
    middle = box["x"] + box["width"] / 2
    draw(((middle, y - 20), (middle, y - 60)), ((middle, y + 20), (middle, y + 60)))
    assert shift(page)[2] == pytest.approx(3 * rest[2], rel=0.1)
    assert (page.evaluate("scrollY"), page.input_value(".divider")) == (scrolled, "50")

    before = shift(page)
    draw(((x, y), (x, y - 50)))
    assert shift(page)[1] == pytest.approx(before[1] - 50, abs=2)
    assert page.evaluate("scrollY") == scrolled
    assert tab.faults == []


def test_the_keyboard_fuses(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    page.fill("#text-a textarea", "typed just now")
    page.press("#text-a textarea", "Control+Enter")
    expect(page.locator("#progress .progress[data-state=done]")).to_be_visible()
    page.get_by_role("tab", name="Words and places").click()
    expect(page.locator(".words.a .word", has_text="typed")).to_have_count(1)


def test_own_words_survive_another_image_and_describe_again_replaces_them(
    tab, stand_in_page, pair_files
):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    page.fill("#text-a textarea", "my own words")
    upload(page, "b", pair_files[0])
    expect(page.locator("#source-b .drop-name")).to_have_text(pair_files[0].name)
    expect(page.locator("#author-a")).to_contain_text("Edited by you")
    assert page.input_value("#text-a textarea") == "my own words"
    page.click("#again-a")
    expect(page.locator("#text-a textarea")).not_to_have_value("my own words")


def test_words_typed_while_an_image_is_opened_are_kept(tab, stand_in_page, pair_files, tmp_path):
    """Found by reading: the answer put back what had stood there when the image was sent."""
    noise = np.random.default_rng(3).integers(0, 255, (2400, 3200), np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    box = page.locator("#text-b textarea")
    box.focus()
    page.set_input_files("#source-b input[type=file]", tmp_path / "large.png")
    expect(page.locator("#progress")).to_contain_text("Opening")
    page.keyboard.press("Control+a")
    page.keyboard.type("words of my own")
    expect(page.locator("#source-b .drop-name")).to_have_text("large.png")
    expect(page.locator("#author-b")).to_contain_text("Edited by you")
    expect(box).to_have_value("words of my own")


def test_removing_an_image_keeps_only_own_words(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    page.fill("#text-a textarea", "my own words")
    for slot in "ab":
        page.click(f"#source-{slot} [data-act=clear]")
        expect(page.locator(f"#source-{slot} .drop")).to_have_attribute("data-state", "empty")
    expect(page.locator("#text-b textarea")).to_have_value("")
    expect(page.locator("#text-a textarea")).to_have_value("my own words")
    upload(page, "a", pair_files[0])
    expect(page.locator("#author-a")).to_contain_text("Edited by you")
    expect(page.locator("#text-a textarea")).to_have_value("my own words")


@pytest.mark.parametrize("tab", [{"locale": "zh-CN"}], indirect=True)
def test_a_chinese_browser_gets_a_chinese_page_and_can_switch(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    expect(page.locator("#fuse")).to_have_text("融合")
    expect(page.locator("#source-b h2")).to_have_text("可见光")
    upload(page, "a", pair_files[0])
    expect(page.locator("#source-a .drop-name")).to_have_text(pair_files[0].name)
    expect(page.locator("#text-a textarea")).not_to_have_value("")
    kept = page.input_value("#text-a textarea")
    page.click("[data-language=en]")
    expect(page.locator("#fuse")).to_have_text("Fuse")
    expect(page.locator("#source-b h2")).to_have_text("Visible")
    assert page.input_value("#text-a textarea") == kept


@pytest.mark.parametrize("tab", [{"locale": "zh-CN"}], indirect=True)
def test_no_english_phrase_is_left_on_a_chinese_page(tab, stand_in_page, pair_files):
    english, chinese = (load_language(name).phrases for name in ("en", "zh"))
    foreign = {phrase for key, phrase in english.items() if phrase != chinese[key]}
    page = open_page(tab, stand_in_page)
    page.get_by_label(chinese["network.steer"]).check()
    expect(page.locator("#instruction textarea")).to_be_visible()
    for slot, file in zip("ab", pair_files, strict=True):
        upload(page, slot, file)
        expect(page.locator(f"#author-{slot}")).to_contain_text("measured")
    fuse(page)
    tabs = page.get_by_role("tab")
    for index in range(tabs.count()):
        tabs.nth(index).click()
        page.wait_for_timeout(300)
        seen = page.inner_text("body").splitlines()
        seen += page.locator("[placeholder]").evaluate_all("all => all.map(e => e.placeholder)")
        assert foreign.isdisjoint(line.strip() for line in seen), page.url
    expect(page.locator(".chip-text")).to_contain_text(chinese["status.ready"])


@pytest.mark.parametrize(
    "tab", [{"viewport": {"width": width, "height": 900}} for width in (390, 3840)], indirect=True
)
def test_nothing_hangs_over_the_edge(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    for name in ("Metrics", "Words and places"):
        page.get_by_role("tab", name=name).click()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_two_visitors_see_only_their_own(tab, chromium, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    other = chromium.new_context(locale="en-GB").new_page()
    other.goto(stand_in_page.address)
    expect(other.locator("#fuse")).to_be_visible()
    assert pair_files[0].name not in other.content()
    other.context.close()


def test_history_restores_and_compares(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    page.fill("#text-a textarea", "the first words")
    fuse(page)
    page.fill("#text-a textarea", "the second words")
    fuse(page)
    page.get_by_role("tab", name="History").click()
    cards = page.locator(".card")
    expect(cards).to_have_count(2)
    expect(cards.first).to_contain_text("The text alone moved it by")
    page.click("[data-choose='compare:1']")
    expect(page.locator(".against button", has_text="Result 1")).to_be_visible()
    page.click("[data-choose='restore:1']")
    expect(page.locator("#text-a textarea")).to_have_value("the first words")
    expect(page.locator("#source-a .drop-name")).to_have_text(pair_files[0].name)
    page.click("[data-choose='remove:2']")
    expect(cards).to_have_count(1)


def test_metrics_and_maps_can_be_taken_away(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    page.get_by_role("tab", name="Metrics").click()
    expect(page.locator("#metrics thead")).to_contain_text("Pyramid")  # the comparison is there
    taken = {}
    for panel in ("Metrics", "Words and places"):
        page.get_by_role("tab", name=panel).click()
        for link in page.locator("[role=tabpanel] .downloads a:visible").all():
            with page.expect_download() as waiting:
                link.click()
            name = waiting.value.suggested_filename
            with open(waiting.value.path(), "rb") as file:
                taken[name.rsplit(".")[-1]] = file.read()
    assert sorted(taken) == ["csv", "json", "npz", "pdf", "png", "svg"]
    table = taken["csv"].decode().splitlines()
    assert table[0].startswith("form,picture,EN,SD") and len(table) == 1 + 2 * 6
    content = json.loads(taken["json"])
    assert content["metrics"]["raw"]["EN"] == 1.0
    arrays = np.load(io.BytesIO(taken["npz"]))
    assert arrays["stage3_b_spatial"].shape[1:] == (8, 432)
    assert taken["pdf"].startswith(b"%PDF") and b"<svg" in taken["svg"]
    with page.expect_download() as waiting:
        page.click(".download.second")
    with open(waiting.value.path(), "rb") as file:
        exact = Image.open(io.BytesIO(file.read()))
    assert exact.mode.startswith("I") and exact.text["film.task"] == "ivf"


def test_earlier_results_of_the_pair_stand_beside_the_metrics(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    page.get_by_role("tab", name="Metrics").click()
    heads = page.locator("#metrics thead th")
    expect(heads.last).to_have_text("Pyramid")
    page.fill("#text-a textarea", "Brightly <b>coloured</b>.")
    fuse(page)
    expect(heads.last).to_have_text("Result 1")
    with page.expect_download() as waiting:
        page.locator("#metrics .downloads a", has_text="csv").click()
    with open(waiting.value.path()) as file:
        assert "raw,result 1" in file.read()
    page.fill("#text-a textarea", "")
    fuse(page)
    expect(heads.nth(-2)).to_have_text("Result 2")
    assert "Brightly <b>coloured</b>." in heads.nth(-2).get_attribute("title")
    give_pair(page, pair_files[::-1])
    fuse(page)
    expect(heads.last).to_have_text("Pyramid")
    assert tab.faults == []


def test_where_a_metric_is_lost_is_shown(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    page.click("#metrics [data-choose='local:SSIM']")
    expect(page.locator("#metrics .loss")).to_contain_text("1 - SSIM / 2")
    page.click("#metrics [data-choose='form:paper']")
    expect(page.locator("#metrics .panel-head").first).to_contain_text("published test script")
    page.click("#metrics [data-choose='local:none']")
    expect(page.locator("#metrics .loss")).to_have_count(0)


def test_misaligned_sources_are_measured_aligned_and_put_back(tab, stand_in_page, tmp_path):
    generator = np.random.default_rng(2)
    rows, columns = np.mgrid[0:160, 0:200]
    image = np.full((160, 200), 90, np.float32)
    for _ in range(24):
        y, x, r = generator.integers(0, 160), generator.integers(0, 200), generator.integers(6, 22)
        image[(rows - y) ** 2 + (columns - x) ** 2 < r * r] = generator.integers(20, 240)
    Image.fromarray(image[10:150, 10:190].astype(np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(255 - image[4:144, 2:182].astype(np.uint8)).save(tmp_path / "b.png")
    page = open_page(tab, stand_in_page)
    give_pair(page, (tmp_path / "a.png", tmp_path / "b.png"))
    page.get_by_role("tab", name="Registration").click()
    page.click("[data-mode=checkerboard]")
    page.click("[data-choose=measure]")
    expect(page.locator(".registration .moved")).to_contain_text("off by about 10.")
    expect(page.locator(".registration")).to_have_attribute("data-mode", "checkerboard")
    page.click("[data-choose=align]")
    expect(page.locator(".registration .moved")).to_contain_text("B was brought onto A")
    expect(page.locator("#source-a .drop-facts")).not_to_contain_text("180 × 140")
    page.click("[data-choose=undo]")
    expect(page.locator("#source-a .drop-facts")).to_contain_text("180 × 140")


def test_what_has_nothing_to_answer_changes_nothing(tab, stand_in_page):
    page = open_page(tab, stand_in_page)
    kept = page.input_value("#text-b textarea")
    assert kept
    page.click("#source-a [data-act=clear]")
    expect(page.locator("#source-a .drop")).to_have_attribute("data-state", "empty")
    page.click("#again-a")
    page.wait_for_timeout(700)
    expect(page.locator("#source-b .drop-name")).not_to_have_text("")
    expect(page.locator(".examples .thumb").first).to_be_visible()
    assert page.input_value("#text-b textarea") == kept


@pytest.mark.parametrize("tab", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_on_a_phone_the_result_is_one_press_away(tab, stand_in_page):
    page = open_page(tab, stand_in_page)
    fuse(page)
    page.get_by_role("link", name="See the result").click()
    expect(page.locator(".stage")).to_be_in_viewport()


def test_a_newcomer_sees_where_images_go_and_what_fuses_them(tab, stand_in_page):
    page = open_page(tab, stand_in_page)
    expect(page.locator("#source-a .drop-replace")).to_have_text("Use your own")
    expect(page.locator("#source-a .drop-replace")).to_have_css("opacity", "1")
    expect(page.locator("#fuse")).to_be_in_viewport()  # without scrolling
    expect(page.locator("#facts .steps")).to_have_count(0)  # times of another machine


def test_the_newer_of_two_files_for_a_field_stays(tab, stand_in_page, pair_files):
    """Found by delaying the first: it came last, and took the place of the newer one."""
    page, held = open_page(tab, stand_in_page), []

    def first_waits(route):
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/upload", first_waits)
    for number, file in enumerate(pair_files):
        upload(page, "a", file)
        if not number:
            page.wait_for_function("document.querySelector('#source-a [data-state=uploading]')")
    expect(page.locator("#source-a .drop-name")).to_have_text(pair_files[1].name)
    with page.expect_response("**/upload"):
        held[0].continue_()
    page.wait_for_timeout(1000)
    expect(page.locator("#source-a .drop-name")).to_have_text(pair_files[1].name)


PASTE = """([place, text]) => {
  const data = new DataTransfer();
  if (text) data.setData("text/plain", text);
  const png = Uint8Array.from(atob("%s"), (c) => c.charCodeAt(0));
  data.items.add(new File([png], "image.png", { type: "image/png" }));
  const target = document.querySelector(place);
  target.focus();
  const how = { clipboardData: data, bubbles: true, cancelable: true };
  const paste = new ClipboardEvent("paste", how);
  target.dispatchEvent(paste);
  return paste.defaultPrevented;
}"""


def test_a_pasted_text_that_carries_a_picture_is_a_text(tab, stand_in_page, pair_files):
    """Found with a spreadsheet: the text wasn't pasted, and source A became its picture."""
    page = open_page(tab, stand_in_page)
    paste = PASTE % base64.b64encode(pair_files[0].read_bytes()).decode()
    kept = page.inner_text("#source-a .drop-name")
    assert page.evaluate(paste, ["#text-a textarea", "a cell"]) is False
    page.wait_for_timeout(700)
    assert page.inner_text("#source-a .drop-name") == kept
    assert page.evaluate(paste, ["#text-a textarea", ""]) is True
    expect(page.locator("#source-a .drop-name")).to_have_text("image.png")
    assert page.evaluate(paste, ["#source-b input[type=file]", "a cell"]) is True
    expect(page.locator("#source-b .drop-name")).to_have_text("image.png")


def test_a_picture_that_arrives_late_is_not_measured_for_a_newer_one(
    tab, stand_in_page, pair_files
):
    """Found by reading: histogram and pixel values were those of the picture before."""
    page, held = open_page(tab, stand_in_page), []
    give_pair(page, pair_files)
    late = True
    page.route("**/picture/*", lambda route: held.append(route) if late else route.continue_())
    page.fill("#text-a textarea", "one text")
    fuse(page)
    page.wait_for_timeout(500)
    late = False
    page.fill("#text-a textarea", "quite another text, which makes it brighter")
    fuse(page)
    fused = page.locator(".histogram .fused")
    expect(fused.first).to_be_attached()
    shown = page.inner_html(".histogram svg")
    assert held
    for route in held:
        route.continue_()
    page.wait_for_timeout(1000)
    assert page.inner_html(".histogram svg") == shown
