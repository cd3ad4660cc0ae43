"""The benchmarks' table: what scripts tell, and what it says where one fails. No benchmark is run."""

from __future__ import annotations

import ast
import json
import math
import re
import sys
from pathlib import Path

import measured
import pandas as pd
import pytest
import run
import table
from measured import RATIO, Figure, at_least, at_most, number, read

NOT_BENCHMARKS = {"run", "measured", "machine", "table"}
ABOUT = {"date": "2030-01-02 03:04 UTC", "ReRad's commit": "abc", "processor": "A | B", "GPU": "none"}
# As scripts write them: a target met on the ratio, one missed on the value, none, and nothing measured.
LINES = """
{"benchmark": "a", "what": "patches", "outcome": "met", "ours": 400.0, "unit": "patches/s", "peer": "NIfTI",
 "peer_value": 5.0, "ratio": 80.0, "judged": "ratio", "bound": "at least", "limit": 5.0}
{"benchmark": "a", "what": "memory", "outcome": "missed", "ours": 1234.5, "unit": "MB", "judged": "value",
 "bound": "at most", "limit": 16, "note": "the peak"}
{"benchmark": "a", "what": "a|b", "outcome": "no target", "ours": 0.00001}
{"benchmark": "a", "what": "epoch", "outcome": "not measured", "note": "needs a GPU"}
{"ended": true}
""".replace(",\n ", ", ").lstrip()
TABLE = """\
| benchmark | what | ours | peer | ratio | target | met | note |
| --- | --- | --- | --- | --- | --- | --- | --- |
| a | patches | 400 patches/s | NIfTI: 5 patches/s | 80 | ratio at least 5 | met |  |
| a | memory | 1,234 MB |  |  | at most 16 MB | **missed** | the peak |
| a | a\\|b | 1e-05 |  |  |  | – |  |
| a | epoch |  |  |  |  | not measured | needs a GPU |
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that figures are written to."""
    monkeypatch.setenv(measured.FILE, str(tmp_path / "told.jsonl"))
    monkeypatch.setattr(sys, "argv", ["benchmarks/speed.py"])
    return tmp_path / "told.jsonl"


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> Path:
    """A folder of invented benchmarks, which ``run`` takes for its own."""
    monkeypatch.setenv("PYTHONPATH", str(root / "benchmarks"))
    start = "import os, sys\nfrom measured import at_most, measured, not_measured, verdict\n"
    bodies = {
        "meets": "sys.exit(verdict([measured('time', 1, 's', target=at_most(2))]))",
        "misses": "sys.exit(verdict([measured('time', 3, 's', target=at_most(2))]))",
        "lacks": "not_measured('time', 'no scanner')\nsys.exit(verdict([]))",
        "crashes": "measured('first', 1)\nraise RuntimeError('out of tea')",
        "killed": "os.kill(os.getpid(), 9)",
        "silent": "sys.exit(0)",
    }
    for name, body in bodies.items():
        (tmp_path / f"{name}.py").write_text(f"{start}{body}\n")
    monkeypatch.setattr(run, "HERE", tmp_path)
    monkeypatch.setattr(run, "BENCHMARKS", tuple(bodies))
    monkeypatch.setattr(run, "machine", lambda: ABOUT)
    return tmp_path


def start(monkeypatch: pytest.MonkeyPatch, folder: Path, *only: str) -> tuple[int, pd.DataFrame]:
    """Return the exit code of a run and its CSV, by script."""
    monkeypatch.setattr(sys, "argv", ["run.py", "--results", str(folder / "out"), *(["--only", *only] if only else [])])
    return run.main(), pd.read_csv(folder / "out" / "benchmarks.csv", keep_default_na=False).set_index("benchmark")


def test_every_script_is_run_and_described(root: Path) -> None:
    found = {path.stem for path in (root / "benchmarks").glob("*.py")} - NOT_BENCHMARKS
    assert found == set(run.BENCHMARKS)
    described = re.findall(r"^\| `(\w+)\.py` \|", (root / "benchmarks" / "README.md").read_text(), flags=re.M)
    assert described == list(run.BENCHMARKS)


def test_every_script_ends_with_its_verdict(root: Path) -> None:
    for name in run.BENCHMARKS:
        text = (root / "benchmarks" / f"{name}.py").read_text()
        assert "return verdict(" in text, name
        assert text.endswith('if __name__ == "__main__":\n    sys.exit(main())\n'), name


def test_what_the_scripts_take_from_the_library_is_there(root: Path) -> None:
    # Read, not imported: the libraries behind it would take longer than all other tests of this file.
    for script in sorted((root / "benchmarks").glob("*.py")):
        for node in ast.walk(ast.parse(script.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rerad"):
                missing = {alias.name for alias in node.names} - offered(root / "src", node.module or "")
                assert not missing, f"{script.name}: {node.module} has no {missing}"


def offered(source: Path, module: str) -> set[str]:
    """Return what can be imported from a module or a package."""
    place = source.joinpath(*module.split("."))
    tree = ast.parse((place / "__init__.py" if place.is_dir() else place.with_suffix(".py")).read_text())
    names = {path.stem for path in place.iterdir()} if place.is_dir() else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)  # what a package imports when it is asked for, by its name
    return names


def test_a_figure_is_a_line_to_read_and_a_line_of_json(told: Path, capsys: pytest.CaptureFixture) -> None:
    assert measured.measured("map", 31.24159, "s", peer=("a loop", 82.1), target=at_most(0.6, RATIO), note="two turns")
    line = "map: 31.24 s; a loop: 82.1 s; ratio 0.3805; target: ratio at most 0.6, met (two turns)\n"
    assert capsys.readouterr().out == line
    record = json.loads(told.read_text())
    assert record.pop("ratio") == pytest.approx(0.380531, abs=1e-6)
    assert record == {
        "benchmark": "speed", "what": "map", "outcome": "met", "ours": 31.24159, "unit": "s", "peer": "a loop",
        "peer_value": 82.1, "judged": "ratio", "bound": "at most", "limit": 0.6, "note": "two turns",
    }  # fmt: skip


def test_without_the_variable_nothing_is_written(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(measured.FILE)
    assert measured.measured("map", 1.0)
    assert not told.exists()


@pytest.mark.parametrize(
    ("ours", "target", "met"),
    [
        (2.0, at_most(2.0), True), (2.1, at_most(2.0), False),
        (2.0, at_least(2.0), True), (1.9, at_least(2.0), False),
        (5.0, at_most(0.5, RATIO), True), (5.1, at_most(0.5, RATIO), False), (4.9, at_least(0.5, RATIO), False),
        (math.nan, at_most(2.0), False), (math.nan, at_least(2.0, RATIO), False),
    ],
)  # fmt: skip
def test_a_target_is_met_at_its_limit_and_never_by_what_is_no_number(
    told: Path, ours: float, target: measured.Target, met: bool
) -> None:
    assert measured.measured("x", ours, peer=("y", 10.0), target=target) is met
    assert read(told, "speed")[0][0].outcome == ("met" if met else "missed")


def test_a_peer_of_zero_meets_no_ratio(told: Path) -> None:
    assert not measured.measured("x", 1.0, peer=("y", 0.0), target=at_least(0.5, RATIO))


def test_the_verdict_is_the_exit_code_and_the_end_of_the_file(told: Path) -> None:
    assert [measured.verdict(kept) for kept in ([True, True], [True, False], [])] == [0, 1, 2]
    assert read(told, "speed") == ([], True)


def test_what_is_read_back_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "told.jsonl"
    good = '{"benchmark": "a", "what": "x", "outcome": "met", "ours": 1}'
    broken = [
        good[:-9], '["x"]', good.replace("what", "which"), good.replace("1}", '"1"}'), good.replace("met", "fine"),
        good.replace('"x"', "null"),
    ]  # fmt: skip
    file.write_text("\n".join([good, *broken]))
    figures, ended = read(file, "a")
    assert not ended
    assert [figure.outcome for figure in figures] == ["met"] + ["failed"] * len(broken)
    assert "cannot be read" in figures[1].note
    assert read(tmp_path / "missing.jsonl", "a") == ([], False)


def test_the_tables_say_what_the_lines_say(tmp_path: Path) -> None:
    (tmp_path / "told.jsonl").write_text(LINES)
    figures, ended = read(tmp_path / "told.jsonl", "a")
    assert ended
    table.write(tmp_path, ABOUT, [table.Ran("a", figures, seconds=12.4, load=0.26)])
    page = (tmp_path / "benchmarks.md").read_text()
    assert TABLE in page
    assert "1 of 2 targets met, 1 more without a target, 1 not measured, 0 failed." in page
    assert "| a | 12 | 0.3 | 3 | 1 | 1 | 1 | 0 |" in page
    assert "| processor | A \\| B |" in page
    rows = pd.read_csv(tmp_path / "benchmarks.csv", keep_default_na=False)
    assert list(rows["outcome"]) == ["met", "missed", "no target", "not measured"]
    assert list(rows["ratio"]) == ["80", "", "", ""]
    assert list(rows["limit"]) == ["5", "16", "", ""]
    assert set(rows["script_s"]) == {12.4}
    assert set(rows["processor"]) == {"A | B"}


def test_the_others_go_on_where_a_script_fails(
    scripts: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    code, rows = start(monkeypatch, scripts)
    assert code == 1
    assert list(rows.index) == ["meets", "misses", "lacks", "crashes", "crashes", "killed", "silent"]
    assert list(rows["outcome"]) == ["met", "missed", "not measured", "no target", "failed", "failed", "failed"]
    notes = rows["note"]
    assert notes["crashes"].iloc[1] == "ended with exit code 1: RuntimeError: out of tea"
    assert notes["killed"] == "was killed by signal 9: it said nothing"
    assert notes["silent"] == "ended with exit code 0: it said nothing"
    assert "Traceback" in capfd.readouterr().err


def test_what_is_not_asked_for_is_listed_and_no_fault(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, rows = start(monkeypatch, scripts, "meets", "lacks")
    assert code == 0
    assert rows.loc["meets", "outcome"] == "met"
    assert rows.loc["lacks", "note"] == "no scanner"
    assert (rows.drop(["meets", "lacks"])["note"] == "was not asked for").all()


@pytest.mark.parametrize("name", ["misses", "crashes"])
def test_a_missed_target_and_a_failure_are_each_an_error(
    scripts: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert start(monkeypatch, scripts, name)[0] == 1


def test_a_run_that_is_ended_early_leaves_what_it_has(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []

    def after(ran: list[table.Ran]) -> None:
        kept.extend(ran)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.run_all([scripts / "meets.py", scripts / "silent.py"], chosen=["meets", "silent"], after=after)
    assert [figure.what for ran in kept for figure in ran.figures] == ["time", "all its figures"]
    assert kept[1].figures[0] == Figure("silent", "all its figures", "not measured", note="its turn did not come")


def test_numbers_are_short() -> None:
    told = [number(value) for value in (None, 0.0, 0.38054, 1234567.8, 7.3e-12, 80.0, math.nan, -2.5)]
    assert told == ["", "0", "0.3805", "1,234,568", "7.3e-12", "80", "nan", "-2.5"]
