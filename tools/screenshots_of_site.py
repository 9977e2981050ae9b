"""Photograph the built site: on a desktop, on a phone, and in the dark.

`python -m tools.screenshots_of_site docs/_build docs/images`, after `tox run -e docs`, in the
environment of `tox run -e browser`, with Debian's chromium.
"""

import argparse
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


class View(NamedTuple):
    """A page as somebody sees it.

    Attributes
    ----------
    name
        Of the picture.
    page
        Within the site.
    width_px, height_px
        Of the window.
    scheme
        What the reader's system prefers.
    """

    name: str
    page: str
    width_px: int
    height_px: int
    scheme: Literal["light", "dark"]


VIEWS = (
    View("site-desktop", "index.html", 1280, 800, "light"),
    View("site-phone", "tutorials/first-gate.html", 390, 844, "light"),
    View("site-dark", "reference/gate.html", 1280, 800, "dark"),
)


def main() -> None:
    """Write one PNG a view; a page that scrolls sideways is an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for view in VIEWS:
            page = browser.new_page(
                viewport={"width": view.width_px, "height": view.height_px},
                color_scheme=view.scheme,
                offline=True,
            )
            page.goto((given.site / view.page).resolve().as_uri())
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                raise SystemExit(f"{view.page} scrolls sideways at {view.width_px} px")
            page.screenshot(path=given.folder / f"{view.name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
