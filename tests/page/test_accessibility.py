"""axe-core finds nothing to complain about, on any panel, in either scheme and language."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.page.test_browser import fuse, give_pair, open_page

pytestmark = pytest.mark.browser
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


def complaints(page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{rule['id']}: {rule['help']}: {[n['html'][:160] for n in rule['nodes'][:3]]}"
        for rule in found
    ]


@pytest.mark.parametrize(
    "tab",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "locale": "zh-CN"},
    ],
    indirect=True,
    ids=["light", "dark", "narrow-chinese"],
)
def test_every_panel_is_accessible(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    assert complaints(page) == []
    for slot, file in zip("ab", pair_files, strict=True):
        page.set_input_files(f"#source-{slot} input[type=file]", file)
        expect(page.locator(f"#source-{slot} .drop-name")).to_have_text(file.name)
        expect(page.locator(f"#text-{slot} textarea")).not_to_have_value("")
    fuse(page)
    page.locator(".stage").press("+")
    assert complaints(page) == []
    for index in range(page.get_by_role("tab").count()):
        page.get_by_role("tab").nth(index).click()
        page.wait_for_timeout(400)
        assert complaints(page) == [], page.get_by_role("tab").nth(index).inner_text()


def test_errors_are_announced(tab, stand_in_page, pair_files, tmp_path):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    (tmp_path / "text.png").write_bytes(b"no picture")
    page.set_input_files("#source-a input[type=file]", tmp_path / "text.png")
    expect(page.get_by_role("alert").first).to_contain_text("not an image")
    assert complaints(page) == []


def test_the_check_itself_notices_a_fault(tab, stand_in_page):
    page = open_page(tab, stand_in_page)
    page.evaluate("document.querySelector('.brand p').style.color = '#ddd'")
    assert any("color-contrast" in complaint for complaint in complaints(page))
