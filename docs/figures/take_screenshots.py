"""Screenshots of the running page and its panels: `python docs/figures/take_screenshots.py URL`.

Needs the page running (`python app.py`) and Debian's Chromium; fuses an example, studies its texts
and batches two examples, which takes some minutes, and writes docs/screenshots/*.webp.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

DOCS = Path(__file__).resolve().parents[1]
FOLDER = DOCS / "screenshots"
EXAMPLE = DOCS.parent / "examples" / "ivf" / "night-street"
LONG = 600_000  # milliseconds that a study or batch may take on a busy machine


def main(url: str) -> None:
    """Open the page in each size and scheme, and look at each panel."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = fused(browser, url, 1440, 1000, "light")
        keep(page, "fuse")
        open_panel(page, "Words and places")
        page.click("#attention [data-choose='several:on']")
        for count, word in enumerate(("infrared", "surroundings:"), 1):
            page.locator("#attention .words.a .word").get_by_text(word, exact=True).first.click()
            page.locator(f".attention-maps[data-count='{count}']").wait_for()
        keep(page, "words", "#panels")
        page.click("#attention [data-choose='show:gate']")
        page.locator(".gate").wait_for()
        keep(page, "gate", "#panels")
        open_panel(page, "Registration")
        page.click("#registration [data-choose=measure]")
        page.locator(".registration .moved").wait_for(timeout=LONG)
        page.click("#registration [data-mode=checkerboard]")
        keep(page, "registration", "#panels")
        open_panel(page, "Prompt study")
        page.click("#study [data-choose=words]")
        page.click("#study [data-choose=start]")
        page.locator("#study [data-choose=stop]").wait_for()
        page.locator("#study [data-choose=start]").wait_for(timeout=LONG)
        keep(page, "study", "#panels")
        open_panel(page, "Batch")
        for side in "ab":
            # Pairs are found by name: both sides get the same one.
            image = {"name": f"{EXAMPLE.name}.png", "mimeType": "image/png",
                     "buffer": (EXAMPLE / f"{side}.png").read_bytes()}  # fmt: skip
            page.set_input_files(f"#batch [data-side={side}]", image)
            page.locator(".batch-given").wait_for()
        page.click("#batch [data-choose=start]")
        page.locator("#batch td img").wait_for(timeout=LONG)
        keep(page, "batch", "#panels")
        open_panel(page, "History")
        keep(page, "history", "#panels")
        page.close()
        for name, width, height, scheme in (
            ("fuse-dark", 1440, 1000, "dark"), ("phone", 390, 844, "light"),
        ):  # fmt: skip
            page = fused(browser, url, width, height, scheme)
            keep(page, name)
            page.close()
        browser.close()


def fused(browser: Browser, url: str, width: int, height: int, scheme: str) -> Page:
    """Return a fresh page with the second example fused."""
    size = {"width": width, "height": height}
    page = browser.new_page(viewport=size, color_scheme=scheme, locale="en-GB")
    page.set_default_timeout(60_000)
    page.goto(url)
    page.locator(".examples .thumb").nth(1).click()
    page.locator(".examples .thumb").nth(1).and_(page.locator("[aria-pressed=true]")).wait_for()
    page.click("#fuse")
    page.locator("#progress [data-state=done]").wait_for(timeout=LONG)
    page.locator("#metrics th", has_text="Pyramid").wait_for(timeout=LONG)
    page.evaluate("scrollTo(0, 0)")
    return page


def open_panel(page: Page, name: str) -> None:
    """Open a panel."""
    page.get_by_role("tab", name=name).click()


def keep(page: Page, name: str, part: str = "") -> None:
    """Write what the window shows, or only the part of the page that a selector names."""
    page.wait_for_timeout(2500)  # pictures arrive and transitions end
    shot = page.locator(part).screenshot() if part else page.screenshot()
    picture = Image.open(io.BytesIO(shot))
    picture.convert("RGB").save(FOLDER / f"{name}.webp", quality=84, method=6)
    print(FOLDER / f"{name}.webp", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
