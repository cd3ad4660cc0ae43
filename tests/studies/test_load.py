"""Configuration: merged as promised, and refused by name where it is wrong."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from rerad.cohorts import parts
from rerad.core.errors import ConfigError
from rerad.studies import Plan, load
from rerad.studies.merge import difference, merge, typed


@pytest.fixture
def config(root: Path) -> dict[str, Any]:
    base = yaml.safe_load((root / "config" / "config.yaml").read_text())
    return merge(base, yaml.safe_load((root / "config" / "demo.yaml").read_text()))


STUDIES = sorted(path.stem for path in (Path(__file__).parents[2] / "config" / "studies").glob("*.yaml"))


def loaded(config: dict[str, Any], root: Path, overlay: dict[str, Any]) -> Plan:
    return load(merge(config, overlay), root=root)


def test_mappings_merge_and_lists_replace() -> None:
    base = {"a": {"x": 1, "y": [1, 2]}, "b": 1}
    overlay = {"a": {"y": [3]}, "c": {"z": 0}}
    kept = copy.deepcopy(base)
    assert merge(base, overlay) == {"a": {"x": 1, "y": [3]}, "b": 1, "c": {"z": 0}}
    assert base == kept
    assert difference(base, merge(base, overlay)) == [("a.y", [1, 2], [3]), ("c", None, {"z": 0})]


def test_numbers_in_braces_on_the_command_line_are_numbers() -> None:
    files = {"run": "2024", "cohorts": {"sts": {"seed": 0, "local": {"path": "a"}}}}
    given = {
        "run": "2024",
        "cohorts": {"sts": {"seed": "3", "local": {"path": "null"}, "box": ["4", "5"]}},
        "x": "true",
    }
    expected = {"run": "2024", "cohorts": {"sts": {"seed": 3, "local": {"path": None}, "box": [4, 5]}}, "x": True}
    assert typed(given, files) == expected


def test_a_method_that_two_studies_share_is_trained_once(config: dict[str, Any], root: Path) -> None:
    plan = load(config, root=root)
    trainings = list(plan.trainings())
    assert len(trainings) == len(set(trainings))
    assert sum(method == "hc_rf" for _, method, _, _ in trainings) == 1  # one seed, chunk "all"


def test_chunks_follow_the_key_jobs(config: dict[str, Any], root: Path) -> None:
    assert load(config, root=root).chunks("sts", "hc_rf") == ["all"]
    by_fold = loaded(config, root, {"jobs": "fold"})
    assert by_fold.chunks("sts", "volume_only") == ["all"]  # sooner done than started
    assert by_fold.chunks("sts", "hc_rf") == [f"fold{i}" for i in range(1, by_fold.folds["sts"] + 1)]
    assert by_fold.folds_of("sts", "fold2") == [2]
    assert by_fold.folds_of("sts", "all") == list(range(1, by_fold.folds["sts"] + 1))


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"bootstrap": 5}, r"bootstrap: unknown key\. Did you mean 'bootstraps'\? Known keys here: .*bootstraps"),
        ({"jobs": "folds"}, r"jobs: 'folds' does not do\. Write one of: fold, method"),
        ({"seeds": []}, r"seeds: \[\] does not do\. Write at least 1"),
        ({"seeds": [0, 1.0]}, r"seeds\.1: 1\.0 does not do\. Write a whole number"),
        ({"seeds": [True]}, r"seeds\.0: True does not do\. Write a whole number"),
        ({"studies": {"chmfl": {"methods": {"hc_rf": {"recipe": {"trees": 10.0}}}}}}, r"recipe\.trees: 10\.0 does not do\. Write a whole number"),
        ({"bootstraps": 10}, r"bootstraps: 10 does not do\. Write 100 or more"),
        ({"permute_labels": True}, r"permute_labels: True does not do"),
        ({"cohorts": {"sts": {"source": "tape"}}}, r"cohorts\.sts\.source: 'tape' does not do\. Write one of: idc, tcia, local, phantom"),
        ({"cohorts": {"sts": {"prepare": {"spacing_mm": -1}}}}, r"cohorts\.sts\.prepare\.spacing_mm: -1 does not do"),
        ({"studies": {"chmfi": {}}}, r"studies\.chmfi: no such study\. .*chmfl, mmnas"),
        ({"studies": {"chmfl": {"methods": {"hc_rf": {"search": {"feature": 3}}}}}}, r"feature: unknown key\. Did you mean 'features'"),
        ({"studies": {"chmfl": {"methods": {"hc_rf": {"model": "tree"}}}}}, r"methods\.hc_rf\.model: 'tree' does not do"),
        ({"studies": {"chmfl": {"figures": {"fig9": {"kind": "roc", "caption": "x"}}}}}, r"figures\.fig9: neither rows nor table"),
        ({"studies": {"chmfl": {"figures": {"fig9": {"kind": "roc", "caption": "x", "table": "table9"}}}}}, r"'table9' is no table of the study"),
        ({"studies": {"chmfl": {"folds": 4}}}, r"studies chmfl and mmnas ask for 4 and 3 folds"),
        ({"studies": {"mmnas": {"genotypes": {"agreement": {"methods": ["mmnas3d", "hc_rf"]}}}}},
         r"mmnas\.yaml: genotypes\.agreement\.methods: the method 'hc_rf' searches for no architecture\. Write some of: mmnas2d, mmnas3d, random2d, random3d"),
        ({"studies": {"mmnas": {"methods": {"mmnas3d": {"search": {"epoch": 3}}}}}}, r"search\.epoch: unknown key\. Did you mean 'epochs'"),
        ({"studies": {"mmnas": {"methods": {"random3d": {"search": {"epochs": 3}}}}}}, r"methods\.random3d\.search: .* does not do"),
        ({"studies": {"mmnas": {"bases": {"volumes": {"network": {"operations": ["skip", "pooling 3"]}}}}}}, r"operations\.1: 'pooling 3' does not do"),
        ({"studies": {"mmnas": {"methods": {"mmnas3d": {"modalities": ["PET", "t1"]}}}}},
         r"mmnas\.yaml: methods\.mmnas3d\.modalities: the cohort sts has no t1\. Write some of: PET, CT"),
        ({"studies": {"mmnas": {"methods": {"mmnas3d": {"modalities": ["US"]}}}}}, r"modalities\.0: 'US' does not do\. Write one of: PET, CT, t1"),
        ({"studies": {"chmfl": {"figures": {"fig9": {"kind": "patches", "caption": "x"}}}}}, r"figures\.fig9\.patch: missing key"),
        ({"studies": {"chmfl": {"enabled": False}}}, r"no enabled study of the cohort sts defines the method 'hc_rf'"),
        ({"studies": {study: {"enabled": False} for study in STUDIES}}, "every study has enabled: false"),
        ({"studies": {"mmnas": {"methods": {"majority": {"model": "majority", "modalities": ["CT"], "recipe": {}}}}}},
         r"studies\.mmnas\.methods\.majority: defined twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(config: dict[str, Any], root: Path, overlay: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded(config, root, overlay)


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"chmfl": {"compare_with": "nope"}}, r"studies\.chmfl\.compare_with: 'nope' is no row of the study's tables\. Write one of: .*chmfl.*, null"),
        ({"mmnas": {"compare_with": "chmfl"}}, r"studies\.mmnas\.compare_with: 'chmfl' is no row"),  # of another study
        ({"chmfl": {"primary": "nope"}}, r"studies\.chmfl\.primary: 'nope' is no column of the table table1\. Write one of: acc, sen, spe, pre, f1, auc"),
        ({"chmfl": {"primary": "method"}}, r"studies\.chmfl\.primary: 'method' is no column"),
        ({"radsynth": {"primary": "nope"}}, r"studies\.radsynth\.primary: 'nope' is no column of the study's tables\. Write one of: correlation, percent_diff"),
        ({"radiogenomics": {"tables": {"table2": {"primary": "mae"}}}}, r"radiogenomics\.tables\.table2\.primary: 'mae' is no column of the table table2\. Write one of: nn, "),
        ({"radiogenomics": {"tables": {"table3": {"against": "nope"}}}}, r"radiogenomics\.tables\.table3\.against: 'nope' is no column"),
        ({"radsynth": {"times": {"method": "nope"}}}, r"studies\.radsynth\.times\.method: 'nope' is no method of the model radsynth\. Write one of: radsynth"),
        ({"radsynth": {"times": {"method": "local_sd"}}}, r"studies\.radsynth\.times\.method: 'local_sd' is no method of the model"),
    ],
)  # fmt: skip
def test_what_a_study_names_beside_its_rows_is_checked_before_any_training(
    config: dict[str, Any], root: Path, overlay: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded(config, root, {"studies": overlay})


def test_rows_without_the_method_that_they_are_compared_with_are_refused(config: dict[str, Any], root: Path) -> None:
    paper = load(config, root=root).studies["chmfl"]
    few = {"rows": [{"method": "hc_rf", "label": "HC", "kind": "paper"}]}
    narrowed: dict[str, Any] = {"tables": {table: few for table in paper["tables"] if table != "tables4"}}
    with pytest.raises(ConfigError, match=r"studies\.chmfl\.compare_with: 'chmfl' is no row .*: hc_rf, null"):
        loaded(config, root, {"studies": {"chmfl": narrowed}})
    for reference in ("hc_rf", None):
        kept = loaded(config, root, {"studies": {"chmfl": {**narrowed, "compare_with": reference}}})
        assert kept.rows("chmfl") == ["hc_rf"]


MASKS = {
    "title": "Table SIV", "published": "chmfl_tables4.csv", "task": "segmentation", "primary": "dsc",
    "columns": {"dsc": "dice"}, "rows": [{"method": "vnet", "trained": "suvmax_only", "label": "V-Net", "kind": "paper"}],
}  # fmt: skip


def with_table(table: dict[str, Any]) -> dict[str, Any]:
    return {"studies": {"chmfl": {"tables": {"tables9": table}}}}


def test_a_table_of_another_task_is_compared_with_nothing(config: dict[str, Any], root: Path) -> None:
    # Only a table of masks trains this method: it need not have scores to compare.
    overlay = with_table({**MASKS, "rows": [{**MASKS["rows"][0], "trained": "new"}]})
    overlay["studies"]["chmfl"]["methods"] = {"new": {"model": "majority", "modalities": ["PET"], "recipe": {}}}
    plan = loaded(config, root, overlay)
    assert "new" in plan.methods["sts"]
    assert "new" not in plan.rows("chmfl")
    assert "hc_rf" in plan.rows("chmfl")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"primary": "dice"}, r"tables9\.primary: 'dice' is no column of the table\. Write one of: dsc"),
        ({"columns": {"dsc": "dise"}}, r"columns\.dsc: 'dise' does not do"),
        ({"columns": {"dsc": "dice_et"}}, ""),
        ({"columns": None}, r"columns: None does not do"),
        ({"task": "segmentations"}, r"Write one of: classification, segmentation"),
    ],
)
def test_the_columns_and_primary_of_a_table_of_masks_are_checked(
    config: dict[str, Any], root: Path, change: dict[str, Any], message: str
) -> None:
    if not message:
        loaded(config, root, with_table({**MASKS, **change}))
        return
    with pytest.raises(ConfigError, match=message):
        loaded(config, root, with_table({**MASKS, **change}))


@pytest.mark.parametrize("key", ["primary", "columns"])
def test_a_table_of_masks_without_its_keys_is_named(config: dict[str, Any], root: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=f"tables9.{key}: missing key"):
        loaded(config, root, with_table({name: MASKS[name] for name in MASKS if name != key}))


def test_the_file_that_sets_the_key_is_named(root: Path, config: dict[str, Any], tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("bootstraps: 7\n")
    files = [root / "config" / "config.yaml", overlay]
    with pytest.raises(ConfigError, match=r"mine\.yaml: bootstraps: 7 does not do"):
        load(merge(config, {"bootstraps": 7}), root=root, files=files)
    with pytest.raises(ConfigError, match=r"^command line: bootstraps: 8 does not do"):
        load(merge(config, {"bootstraps": 8}), root=root, files=files)
    study = {"studies": {"chmfl": {"folds": 1}}}
    with pytest.raises(ConfigError, match=r"chmfl.*folds: 1 does not do"):
        load(merge(config, study), root=root, files=files)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "studies: {chmfl: {methods: }}",
            r"studies\.chmfl: methods: None does not do\. Write keys and values, or leave",
        ),
        ("studies: {chmfl: {methods: [hc_rf]}}", r"studies\.chmfl: methods: \['hc_rf'\] does not do"),
        ("studies: {chmfl: {methods: {hc_rf: null}}}", r"studies\.chmfl: methods\.hc_rf: None does not do"),
        ("studies: {chmfl: {bases: {volumes: 3}}}", r"studies\.chmfl: bases\.volumes: 3 does not do"),
        ("studies: {chmfl: null}", r"studies\.chmfl: None does not do"),
        ("studies: [chmfl]", r"studies: \['chmfl'\] does not do"),
    ],
)
def test_a_method_that_is_not_keys_and_values_is_named_with_its_file(
    root: Path, config: dict[str, Any], tmp_path: Path, text: str, message: str
) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(text)
    merged = merge(config, yaml.safe_load(text))
    with pytest.raises(ConfigError, match=rf"mine\.yaml: {message}"):
        load(merged, root=root, files=[root / "config" / "config.yaml", overlay])
    with pytest.raises(ConfigError, match=f"^command line: {message}"):
        load(merged, root=root)


def test_folders_below_a_home_are_found(root: Path, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    plan = loaded(config, root, {"paths": {"data": "~/scans/", "results": "~/runs/"}})
    assert (plan.data_folder, plan.run_folder) == ("/home/somebody/scans", "/home/somebody/runs/demo")
    assert plan.config["paths"]["results"] == "/home/somebody/runs/"  # where a later comparison looks for the data
    assert loaded(config, root, {}).run_folder == "results/demo"


def test_a_local_source_without_a_folder_says_what_it_lacks(root: Path, config: dict[str, Any]) -> None:
    paper = yaml.safe_load((root / "config" / "config.yaml").read_text())
    assert load(paper, root=root).local_files("sts") == []  # an archive
    mine = merge(paper, {"cohorts": {"sts": {"source": "local"}}})
    with pytest.raises(ConfigError, match=r"cohorts\.sts\.local\.path: null: the source local needs a folder of scans"):
        load(mine, root=root).local_files("sts")
    overlay = {"cohorts": {"sts": {"source": "local", "local": {"path": "/no/such/folder"}}}}
    with pytest.raises(ConfigError, match="'/no/such/folder' is not a folder"):
        loaded(config, root, overlay).local_files("sts")


def test_every_file_of_a_local_source_is_an_input_whatever_its_form(
    root: Path, config: dict[str, Any], tmp_path: Path
) -> None:
    files = ["INFOclinical_STS.xlsx", "A/PET_image.nii.gz", "B/PT/1.2.3/1-001.dcm", "B/PT/1.2.3/1-002", "B/rt.dcm"]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    overlay = {"cohorts": {"sts": {"source": "local", "local": {"path": str(tmp_path)}}}}
    assert loaded(config, root, overlay).local_files("sts") == sorted(str(tmp_path / file) for file in files)


def test_what_an_archive_lacks_comes_from_a_folder(root: Path, config: dict[str, Any], tmp_path: Path) -> None:
    paper = yaml.safe_load((root / "config" / "config.yaml").read_text())
    with pytest.raises(
        ConfigError, match=r"tcga_gbm\.cbioportal\.segmentations: null: the source cbioportal needs a fol"
    ):
        load(paper, root=root).local_files("tcga_gbm")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mask.nii.gz").touch()
    overlay = {"cohorts": {"tcga_gbm": {"source": "gdc", "gdc": {"segmentations": str(tmp_path)}}}}
    plan = load(merge(paper, overlay), root=root)
    assert plan.local_files("tcga_gbm") == [str(tmp_path / "a" / "mask.nii.gz")]
    assert plan.source_settings("tcga_gbm")["segmentations"] == str(tmp_path)
    assert loaded(config, root, {}).local_files("tcga_gbm") == []  # a phantom


def test_what_a_person_must_get_first_is_left_out_of_the_paper_run(root: Path) -> None:
    paper = yaml.safe_load((root / "config" / "config.yaml").read_text())
    plan = load(paper, root=root)
    assert set(plan.studies) == {"chmfl", "mmnas", "nas3dunet"}
    for cohort in plan.methods:  # neither a folder nor a file is asked for
        assert plan.local_files(cohort) == []
        parts(cohort, paper["cohorts"][cohort]["source"], plan.source_settings(cohort))
    every = load(merge(paper, {"studies": {name: {"enabled": True} for name in STUDIES}}), root=root)
    assert sorted(every.studies) == STUDIES
    with pytest.raises(ConfigError, match=r"cohorts\.breast\.idc\.clinical: null"):
        parts("breast", "idc", every.source_settings("breast"))


def test_stages_that_read_scans_know_the_region(root: Path, config: dict[str, Any]) -> None:
    plan = loaded(config, root, {"cohorts": {"sts": {"roi": "GTV"}}})
    for stage in ("prepare", "describe"):
        settings = plan.scan_settings("sts", stage)
        assert settings.pop("roi") == "GTV"
        assert settings == plan.config["cohorts"]["sts"][stage]


def test_every_key_of_the_schemas_is_closed_and_described(root: Path) -> None:
    for path in sorted((root / "workflow" / "schemas").glob("*.yaml")):
        problems = list(undescribed(yaml.safe_load(path.read_text()), path.stem))
        assert problems == []


def undescribed(schema: Any, where: str, is_property: bool = False) -> Any:
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from undescribed(item, f"{where}[{index}]")
    if not isinstance(schema, dict):
        return
    if is_property and "description" not in schema and not {"$ref", "const"} & set(schema):
        yield f"{where}: no description"
    if schema.get("type") == "object" and schema.get("properties") and "additionalProperties" not in schema:
        yield f"{where}: open"
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            for name, content in value.items():
                yield from undescribed(content, f"{where}.{name}", is_property="if" not in where.split("."))
        elif key not in ("description", "enum"):
            yield from undescribed(value, f"{where}.{key}")


def test_every_overlay_loads(root: Path) -> None:
    base = yaml.safe_load((root / "config" / "config.yaml").read_text())
    for path in sorted((root / "config").glob("*.yaml")):
        overlay = yaml.safe_load(path.read_text())
        load(merge(base, overlay), root=root, files=[root / "config" / "config.yaml", path])


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ({"kind": "scans"}, ""),
        ({"kind": "scans", "cases": ["STS_001", "STS_002"]}, ""),
        ({"kind": "scans", "cases": ["STS_001", "STS_001"]}, "Write each value once"),
        ({"kind": "maps"}, "neither rows nor table"),
        ({"kind": "maps", "rows": [{"method": "hc_rf", "label": "HC"}]}, ""),
        ({"kind": "weights", "rows": [{"method": "hc_rf", "label": "HC", "w": 0.5}]}, ""),
        ({"kind": "weights", "rows": [{"method": "hc_rf", "label": "HC", "w": 2}]}, "w: 2 does not do"),
        ({"kind": "tsne", "rows": [{"method": "hc_rf", "label": "HC"}]}, "missing key"),
        ({"kind": "tsne", "perplexity": 10, "neighbours": 5, "rows": [{"method": "hc_rf", "label": "HC"}]}, ""),
        ({"kind": "cells", "rows": [{"method": "searching", "label": "S"}], "shown": ["normal"], "fold": 2, "by_hand": "x"}, ""),
        ({"kind": "cells", "rows": [{"method": "searching", "label": "S"}], "fold": 0}, "fold: 0 does not do"),
        ({"kind": "cells"}, "neither rows nor table"),
        ({"kind": "cells", "rows": [{"method": "hc_rf", "label": "HC"}]}, "'hc_rf' searches for no architecture. Write some of: .*searching"),
        ({"kind": "network", "rows": [{"method": "chmfl", "label": "C"}]}, "'chmfl' searches for no architecture"),
        ({"kind": "network", "rows": [{"method": "searching", "label": "S"}], "fold": 1}, ""),
        ({"kind": "search_history", "table": "table1"}, "'hc_rf' searches for no architecture"),
        ({"kind": "search_history", "rows": [{"method": "searching", "label": "S"}]}, ""),
    ],
)  # fmt: skip
def test_figures_of_each_kind(config: dict[str, Any], root: Path, figure: dict[str, Any], message: str) -> None:
    overlay = {"studies": {"chmfl": {"figures": {"fig9": {"caption": "x", **figure}}}}}
    # A network with a search, by the only form that every network's entry may have.
    chmfl = yaml.safe_load((root / "config" / "studies" / "chmfl.yaml").read_text())["methods"]["chmfl"]
    overlay["studies"]["chmfl"]["methods"] = {"searching": {**chmfl, "search": {}}}
    if not message:
        assert loaded(config, root, overlay).figure("chmfl", "fig9")["kind"] == figure["kind"]
        return
    with pytest.raises(ConfigError, match=message):
        loaded(config, root, overlay)


def test_a_forest_plot_takes_what_its_table_says(config: dict[str, Any], root: Path) -> None:
    overlay = with_table(MASKS)
    overlay["studies"]["chmfl"]["figures"] = {"forest_s4": {"kind": "forest", "table": "tables9", "caption": "x"}}
    figure = loaded(config, root, overlay).figure("chmfl", "forest_s4")
    assert {key: figure[key] for key in ("task", "primary", "columns", "rows")} == {
        key: MASKS[key] for key in ("task", "primary", "columns", "rows")
    }


@pytest.mark.parametrize("name", ["config", "study"])
def test_no_comma_tears_a_description_apart(root: Path, name: str) -> None:
    def nulls(node: Any, path: str = "") -> list[str]:
        if isinstance(node, dict):
            return [found for key, value in node.items() for found in nulls(value, f"{path}.{key}")]
        return [path] if node is None else []

    schema = yaml.safe_load((root / "workflow" / "schemas" / f"{name}.schema.yaml").read_text())
    assert nulls(schema) == []


def test_every_study_has_a_headline_table_and_says_where_it_deviates(config: dict[str, Any], root: Path) -> None:
    for name, study in load(config, root=root).studies.items():
        assert any(table.get("headline") for table in study["tables"].values()), name
        topics = [row["topic"] for row in study["deviations"]]
        assert len(topics) == len(set(topics)) >= 10, name
