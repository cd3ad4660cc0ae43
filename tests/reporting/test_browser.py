"""The report in a browser: it asks for nothing, sorts, searches, links, fits and prints."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import chromium
import pytest

pytestmark = pytest.mark.skipif(chromium.find() is None, reason="no Chromium on this machine")

# A4 less the margins of @page, at 96 pixels an inch.
PAPER = round((210 - 2 * 12) / 25.4 * 96)
TABLE = "document.querySelector('#chmfl-table1 table')"
ORDER = "[...%s.tBodies[0].rows].filter(row => !row.hidden).map(row => row.cells[0].firstChild.textContent.trim())"
# Pairs of texts or images whose boxes share more than three pixels both ways, clipped as their scroll boxes clip them.
OVERLAPS = """(() => {
  const clip = (box, element) => {
    let { left, top, right, bottom } = box;
    for (let outer = element; outer && outer !== document.body; outer = outer.parentElement) {
      if (getComputedStyle(outer).overflowX === "visible") continue;
      const limit = outer.getBoundingClientRect();
      [left, right] = [Math.max(left, limit.left), Math.min(right, limit.right)];
      [top, bottom] = [Math.max(top, limit.top), Math.min(bottom, limit.bottom)];
    }
    return { left, top, right, bottom };
  };
  const parts = [];
  const add = (owner, element, boxes, name) => {
    if (!element.checkVisibility()) return;
    for (const box of boxes) {
      const seen = clip(box, element);
      if (seen.right - seen.left > 3 && seen.bottom - seen.top > 3) parts.push({ owner, name, ...seen });
    }
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode, range = document.createRange();
    if (!text.data.trim() || ["SCRIPT", "STYLE"].includes(text.parentElement.tagName)) continue;
    range.selectNodeContents(text);
    add(text, text.parentElement, range.getClientRects(), text.data.trim().slice(0, 40));
  }
  for (const image of document.querySelectorAll("img, input")) {
    add(image, image, [image.getBoundingClientRect()], image.alt || "input");
  }
  parts.sort((a, b) => a.top - b.top);
  const found = [];
  parts.forEach((a, index) => {
    for (let next = index + 1; next < parts.length && parts[next].top < a.bottom - 3; next++) {
      const b = parts[next];
      if (a.owner === b.owner) continue;
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      if (wide > 3 && Math.min(a.bottom, b.bottom) - b.top > 3) found.push(`${a.name} | ${b.name}`);
    }
  });
  return { parts: parts.length, found };
})()"""
WIDE = "document.documentElement.scrollWidth"
OPEN = "document.querySelectorAll('details').forEach(part => part.open = true)"
# As if a reader had been everywhere: sections far from the screen are not laid out otherwise.
SEEN = "document.querySelectorAll('section').forEach(part => part.style.contentVisibility = 'visible')"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Page]:
    with chromium.browse(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(report: Callable, tmp_path: Path) -> Path:
    report(phantom=True, full=True)
    return tmp_path / "report.html"


def order(tab: chromium.Page, table: str = TABLE) -> list[str]:
    return tab.run(ORDER % table)


def test_it_asks_for_nothing(tab: chromium.Page, page: Path) -> None:
    tab.open(page, width=1400)
    tab.run(OPEN)
    # Pictures wait until they come into view; none fails to show.
    tab.run("Promise.all([...document.images].map(image => { image.loading = 'eager'; return image.decode() }))")
    others = [address for address in tab.requests if not address.startswith("data:")]
    assert others == [page.resolve().as_uri()]


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """An address on this machine, and the paths that were asked for there."""
    seen: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.server_port}", seen
    listener.shutdown()
    listener.server_close()


def test_it_could_not_ask_if_it_wanted(tab: chromium.Page, page: Path, server: tuple[str, list[str]]) -> None:
    address, seen = server
    attempts = f'<img src="{address}/img"><script>fetch("{address}/fetch").catch(() => 0)</script></main>'
    text = page.read_text(encoding="utf-8").replace("</main>", attempts)
    page.write_text(text, encoding="utf-8")
    tab.open(page, width=1400)
    assert seen == []
    # Without the ban it asks, and the watch of the test above sees it.
    page.write_text(re.sub(r"<meta http-equiv=.*?>", "", text), encoding="utf-8")
    tab.open(page, width=1400)
    tab.run("new Promise(done => setTimeout(done, 300))")
    assert sorted(seen) == ["/fetch", "/img"]
    assert f"{address}/img" in tab.requests


def test_a_table_sorts_by_mouse_and_by_key(tab: chromium.Page, page: Path) -> None:
    tab.open(page, width=1400)
    written = order(tab)
    assert written == ["HC + RF", "Volume <alone>"]
    header = f"{TABLE}.tHead.rows[0].cells[1]"
    state = f"{header}.getAttribute('aria-sort')"
    values = f"[...{TABLE}.tBodies[0].rows].map(row => row.cells[1].dataset.value)"
    assert tab.run(state) is None
    tab.run(f"{header}.querySelector('button').focus()")
    for key, code, expected in (("Enter", 13, "ascending"), (" ", 32, "descending")):
        tab.press(key, code)
        assert tab.run(state) == expected
        found = [float(value) for value in tab.run(values) if value]
        assert found == sorted(found, reverse=expected == "descending")
        # A row without a value is last in either order.
        assert tab.run(values)[-1] == ""
    tab.run(f"{header}.querySelector('button').click()")
    assert tab.run(state) is None
    assert order(tab) == written
    tab.run(f"{TABLE}.tHead.rows[0].cells[0].querySelector('button').click()")
    tab.run(f"{header}.querySelector('button').click()")
    assert tab.run(f"{TABLE}.querySelectorAll('[aria-sort]').length") == 1


def test_numbers_sort_as_numbers(tab: chromium.Page, page: Path) -> None:
    cells = ["−0.5", "10", "9", "–", "1 200", "0.75*", "−0.25"]
    body = "".join(f"<tr><th>{index}</th><td>{cell}</td></tr>" for index, cell in enumerate(cells))
    table = f'<table id="numbers"><thead><tr><th>Row</th><th>x</th></tr></thead><tbody>{body}</tbody></table></main>'
    page.write_text(page.read_text(encoding="utf-8").replace("</main>", table), encoding="utf-8")
    tab.open(page, width=1400)
    for expected in (["0", "6", "5", "2", "1", "4", "3"], ["4", "1", "2", "5", "6", "0", "3"]):
        tab.run("document.querySelector('#numbers thead th:nth-child(2) button').click()")
        assert order(tab, "document.getElementById('numbers')") == expected


def test_findings_are_searched_and_counted(tab: chromium.Page, page: Path) -> None:
    tab.open(page, width=1400)
    table = "document.getElementById('findings')"
    shown = f"[...{table}.tBodies[0].rows].filter(row => !row.hidden).length"
    assert tab.run(shown) == 6
    tab.run(f"{table}.closest('.scroll').previousElementSibling.querySelector('input').focus()")
    tab.write_text("chmfl TABLE1")
    assert tab.run(shown) == 2
    assert tab.run(f"{table}.closest('.scroll').previousElementSibling.querySelector('output').textContent") == (
        "2 of 6 rows"
    )
    # The counts above are switches; together with the search, both hold.
    switch = "document.querySelector('.tally[data-for=findings] [data-group=%s] button')"
    tab.run(f"{switch % 'agrees'}.click()")
    assert tab.run(shown) == 0
    assert tab.run(f"{switch % 'agrees'}.getAttribute('aria-pressed')") == "true"
    tab.run(f"{table}.search.value = ''; {table}.search.dispatchEvent(new Event('input'))")
    assert tab.run(shown) == 1
    tab.run(f"{switch % 'agrees'}.click()")
    assert tab.run(shown) == 6


def test_links_lead_somewhere(tab: chromium.Page, page: Path) -> None:
    tab.open(page, width=1400)
    tab.run("document.querySelector('table.overview a').click()")
    tab.run("new Promise(done => setTimeout(done, 100))")
    assert tab.run("location.hash") == "#chmfl-table1"
    top = tab.run("document.getElementById('chmfl-table1').getBoundingClientRect().top")
    assert 0 <= top < 60
    assert tab.run(
        "[...document.querySelectorAll('a[href^=\"#\"]')].every(a => document.getElementById(a.hash.slice(1)))"
    )


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("width", [400, 768, 1400])
def test_nothing_overlaps_or_sticks_out(tab: chromium.Page, page: Path, width: int, opened: bool) -> None:
    tab.open(page, width=width)
    tab.run(SEEN)
    if opened:
        tab.run(OPEN)
    assert tab.run("innerWidth") == width
    assert tab.run(WIDE) <= width
    result = tab.run(OVERLAPS)
    assert result["parts"] > 150
    assert result["found"] == []


def test_the_overlap_test_sees_one(tab: chromium.Page, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("</main>", '<p style="margin-top:-3rem">On top of it</p></main>'), encoding="utf-8")
    tab.open(page, width=1400)
    tab.run(SEEN)
    assert any("On top of it" in pair for pair in tab.run(OVERLAPS)["found"])


def test_it_prints_whole(tab: chromium.Page, page: Path) -> None:
    tab.open(page, width=PAPER, media="print")
    tab.run(OPEN)
    assert tab.run(WIDE) <= PAPER
    cut = """[...document.querySelectorAll("main *")].filter(part => part.checkVisibility()
      && part.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(part => part.outerHTML)"""
    assert tab.run(cut) == []
    assert tab.run(OVERLAPS)["found"] == []
    # No column is squeezed into a letter's width.
    assert tab.run("Math.min(...[...document.querySelectorAll('th.label')].map(part => part.offsetWidth))") >= 60
    assert tab.run("!document.querySelector('nav').checkVisibility()")
    # Printing opens what is closed, and closes it again.
    tab.open(page, width=1400)
    closed = tab.run("document.querySelectorAll('details:not([open])').length")
    tab.run(
        "addEventListener('beforeprint', () => { window.left = document.querySelectorAll('details:not([open])').length })"
    )
    pdf = tab.pdf()
    assert closed > 3
    assert tab.run("window.left") == 0
    assert tab.run("document.querySelectorAll('details:not([open])').length") == closed
    assert pdf.startswith(b"%PDF-")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 20
    # A4 upright.
    assert {tuple(map(round, map(float, box.split()))) for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", pdf)} == {
        (0, 0, 595, 842)
    }


def test_it_reads_without_its_script(tab: chromium.Page, page: Path) -> None:
    text = re.sub(r"<script>.*?</script>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    page.write_text(text, encoding="utf-8")
    tab.open(page, width=1400)
    assert tab.run("document.querySelectorAll('button, input').length") == 0
    assert len(order(tab)) == 2
    assert tab.run(OVERLAPS)["found"] == []
