"""Screenshots of instructions at work: `python docs/figures/take_steering.py URL`.

Needs the page running (`python app.py`) and Debian's Chromium. For each of five examples it writes
the map of a word of an instruction, and what all words changed, to docs/screenshots/steer-*.webp.
The instructions were written before anything was seen of the result.
"""

import sys

from playwright.sync_api import Page, sync_playwright
from take_screenshots import LONG, keep, open_panel

CASES = {
    "street": ("ivf", 1, "Make the left half much brighter.", "left"),
    "people": ("ivf", 1, "Take the people from the infrared, the rest from the visible.", "people"),
    "brain": ("mif", 1, "Sharpen the centre strongly.", "centre"),
    "window": ("mef", 1, "Darken the bright regions a little.", "bright"),
    "chess": ("mff", 0, "Don't touch the top, but brighten everything else strongly.", "top"),
}
"""{name: (task, number of its example, instruction, word whose map is shown beside)}"""


def main(url: str) -> None:
    """Open the page anew for each case."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for name, case in CASES.items():
            page = browser.new_page(viewport={"width": 1440, "height": 1000}, locale="en-GB")
            page.set_default_timeout(60_000)
            page.goto(url)
            _steered(page, *case)
            keep(page, f"steer-{name}-word", "#panels")
            page.click("#attention [data-choose='show:gate']")
            keep(page, f"steer-{name}-change", "#panels")
            page.close()
        browser.close()


def _steered(page: Page, task: str, example: int, instruction: str, word: str) -> None:
    page.locator(f"#task input[value={task}]").check()
    thumb = page.locator(".examples .thumb").nth(example)
    thumb.click()
    thumb.and_(page.locator("[aria-pressed=true]")).wait_for()
    page.locator("#network input[value=steer]").check()
    page.fill("#instruction textarea", instruction)
    page.click("#fuse")
    page.locator("#progress [data-state=done]").wait_for(timeout=LONG)
    page.locator("#metrics th", has_text="Pyramid").wait_for(timeout=LONG)
    open_panel(page, "Words and places")
    page.locator("#attention .words.instruction .word", has_text=word).first.click()
    page.locator("#attention .word[aria-pressed=true]", has_text=word).wait_for()
    page.evaluate("scrollTo(0, 0)")


if __name__ == "__main__":
    main(sys.argv[1])
