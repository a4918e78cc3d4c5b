"""Screenshots of the running page for the README: `python docs/figures/take_screenshots.py URL`.

Needs the page running (`python app.py`) and Debian's Chromium; writes docs/screenshots/*.png.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "screenshots"
SIZES = {
    "fuse": (1440, 1000, "light"),
    "fuse-dark": (1440, 1000, "dark"),
    "phone": (390, 844, "light"),
}


def main(url: str) -> None:
    """Open the page in each size, fuse the second example, and look at it."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for name, (width, height, scheme) in SIZES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )  # fmt: skip
            page.goto(url)
            thumb = page.locator(".examples .thumb").nth(1)
            thumb.click()
            page.locator(".examples .thumb[aria-pressed=true]").nth(0).wait_for()
            page.wait_for_timeout(5000)  # pictures and texts of the example arrive
            page.click("#fuse")
            page.locator("#fuse[disabled]").wait_for(timeout=10_000)
            page.locator("#fuse:not([disabled])").wait_for(timeout=300_000)
            page.wait_for_timeout(2000)
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
