"""How long a report takes to open in Chromium, and its size: ``python benchmarks/report_page.py PAGE [TIMES]``."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

CELL = "[...document.querySelectorAll('.result-table td[data-cell] button')][0]"
OPENED = "new Promise(done => { const look = () => drill.open ? done(1) : setTimeout(look, 5); look(); })"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"


def main() -> None:
    """Print the page's size, the seconds to its load event and those until a cell's panel is open (medians)."""
    import chromium

    page, times = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    loads, panels = [], []
    with tempfile.TemporaryDirectory() as folder, chromium.browse(Path(folder)) as tab:
        for _ in range(times):
            tab.open(page, width=1400)
            loads.append(float(tab.run(LOADED)))
            tab.run("globalThis.drill = document.getElementById('drill')")
            start = time.perf_counter()
            tab.run(f"{CELL}.click()")
            tab.run(OPENED)
            panels.append(time.perf_counter() - start)
            tab.open(Path(folder), width=1400)
    print(f"size {page.stat().st_size / 1e6:.1f} MB")
    print(f"load event after {statistics.median(loads):.2f} s (slowest {max(loads):.2f} s of {times})")
    print(f"panel open after {statistics.median(panels):.2f} s (slowest {max(panels):.2f} s)")


if __name__ == "__main__":
    main()
