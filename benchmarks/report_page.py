"""How long a report takes to open in Chromium, and its size.

    python benchmarks/report_page.py [PAGE] [TIMES]

PAGE is the demo's report by default. Medians of TIMES openings, each from an empty page; there are no targets.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from measured import measured, not_measured, verdict

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

CELL = "[...document.querySelectorAll('.result-table td[data-cell] button')][0]"
OPENED = "new Promise(done => { const look = () => drill.open ? done(1) : setTimeout(look, 5); look(); })"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"


def main() -> int:
    """Tell the page's size, the seconds to its load event and those until a cell's panel is open (medians)."""
    import chromium

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path, nargs="?", default=ROOT / "results" / "demo" / "report.html")
    parser.add_argument("times", type=int, nargs="?", default=3)
    given = parser.parse_args()
    if not given.page.is_file():
        not_measured("opening a report", f"there is no {os.path.relpath(given.page)}: make demo makes one")
        return verdict([])
    if chromium.find() is None:
        not_measured("opening a report", "there is no Chromium (Debian: chromium)")
        return verdict([])
    loads, panels = [], []
    with tempfile.TemporaryDirectory() as folder, chromium.browse(Path(folder)) as tab:
        browser = tab.call("Browser.getVersion")["product"]
        for _ in range(given.times):
            tab.open(given.page, width=1400)
            loads.append(float(tab.run(LOADED)))
            tab.run("globalThis.drill = document.getElementById('drill')")
            start = time.perf_counter()
            tab.run(f"{CELL}.click()")
            tab.run(OPENED)
            panels.append(time.perf_counter() - start)
            tab.open(Path(folder), width=1400)
    return verdict(
        [
            measured("size of the report", given.page.stat().st_size / 1e6, "MB"),
            measured("load event of the report", statistics.median(loads), "s", note=told(loads, browser)),
            measured("panel of a cell open", statistics.median(panels), "s", note=told(panels, browser)),
        ]
    )


def told(seconds: list[float], browser: str) -> str:
    """Return the slowest of several times."""
    return f"median of {len(seconds)}, the slowest {max(seconds):.2f} s, {browser}"


if __name__ == "__main__":
    sys.exit(main())
