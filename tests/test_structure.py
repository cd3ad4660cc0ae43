"""The shape of the source: layers, names, generated files."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

LAYERS = (
    "core", "imaging", "radiomics", "cohorts", "metrics", "models",
    "training", "search", "evaluation", "reporting", "studies",
)  # fmt: skip


def imported_layers(tree: ast.AST) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("rerad."):
            modules.add(node.value)  # modules that a dict names, to be imported when needed
    return {parts[1] for module in modules if (parts := module.split("."))[0] == "rerad" and len(parts) > 1} & set(
        LAYERS
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_from_those_above_it(root: Path, layer: str) -> None:
    allowed = set(LAYERS[: LAYERS.index(layer) + 1])
    files = sorted((root / "src" / "rerad" / layer).rglob("*.py"))
    assert files, f"{layer} is gone"
    offenders = {
        str(path.relative_to(root)): sorted(below)
        for path in files
        if (below := imported_layers(ast.parse(path.read_text())) - allowed)
    }
    assert offenders == {}


def test_there_are_no_other_layers(root: Path) -> None:
    folders = {path.name for path in (root / "src" / "rerad").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(LAYERS)


def test_a_rule_and_its_script_share_a_name(root: Path) -> None:
    rules = "\n".join(path.read_text() for path in sorted((root / "workflow" / "rules").glob("*.smk")))
    scripts = sorted(path.stem for path in (root / "workflow" / "scripts").glob("*.py"))
    for script in scripts:
        assert f"rule {script}:" in rules, f"script {script} has no rule of its name"
        assert f'"../scripts/{script}.py"' in rules
    assert ("\n" + rules).count("\nrule ") == len(scripts)


def test_scripts_hold_no_logic(root: Path) -> None:
    for path in sorted((root / "workflow" / "scripts").glob("*.py")):
        body = ast.parse(path.read_text()).body
        calls = [node for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
        others = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom) and node not in calls]
        assert len(calls) == 2, f"{path.name}: the log's set-up, then one call"
        assert all(isinstance(node, ast.Expr) for node in others), path.name


def test_library_functions_do_not_know_snakemake(root: Path) -> None:
    for path in sorted((root / "src").rglob("*.py")):
        names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        assert "snakemake" not in names, path


def test_the_generated_files_are_up_to_date(root: Path) -> None:
    check = subprocess.run(
        [sys.executable, str(root / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr


def test_the_lock_pins_everything_and_names_no_place(root: Path) -> None:
    pins = (root / "envs" / "requirements.lock").read_text().splitlines()
    assert all("==" in pin for pin in pins)
    assert not any(mark in pin for pin in pins for mark in ("://", "@", "--", "/"))


def test_the_citation_names_the_software_and_the_five_papers(root: Path) -> None:
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert len(citation["references"]) == 5
    assert citation["version"] in (root / "pyproject.toml").read_text()


def test_nothing_heavy_is_imported_with_the_package(root: Path) -> None:
    code = (
        "import sys, rerad, rerad.radiomics, rerad.models, rerad.metrics, rerad.imaging, rerad.evaluation\n"
        "heavy = {'torch', 'sklearn', 'SimpleITK', 'radiomics', 'numba', 'matplotlib', 'snakemake'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
