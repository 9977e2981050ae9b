"""The pictures of docs/report.md: three reports as Chromium shows them.

`python -m benchmarks.screenshots MAIN.json FAILING.json OLD.json NEW.json` draws the report of the
README's main job, of a failing candidate, and of two releases side by side, from files that
`--umlip-results` wrote. It needs playwright (`tox run -e browser --notest`) and Debian's chromium.
"""

import sys
import tempfile
from pathlib import Path

from playwright import sync_api

from umlip_gate.report.files import write_html

FOLDER = Path(__file__).parent.parent / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
SIZE = {"width": 900, "height": 700}


def main() -> None:
    """Write the pictures."""
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    first, failing, old, new = map(Path, sys.argv[1:])
    pictures = {
        "report-main-job": ([first], "#parity"),
        "report-failing": ([failing], None),
        "report-two-releases": ([old, new], "#changes"),
    }
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        for name, (results, place) in pictures.items():
            report = Path(folder) / f"{name}.html"
            write_html(results, report)
            page.goto(report.as_uri())
            if place:
                page.locator(place).evaluate("each => each.scrollIntoView({block: 'center'})")
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
