"""What a run read, as entities of its RO-Crate: cohorts, weights, scores of others, published values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rerad.core.files import sha256
from rerad.training.code import is_external

Methods = Mapping[str, Mapping[str, Mapping[str, Any]]]


def cohort_entities(record: Sequence[Mapping[str, Any]], manifests: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return an entity of each cohort; its address is its DOI, unless another cohort has the same.

    ``record`` is what the provenance says of the data, ``manifests`` leads from a cohort to its manifest in the crate,
    where the checksums of its files stand.
    """
    addresses = {data["cohort"]: list(map(_address, data["doi"])) for data in record}
    times = Counter(found[0] for found in addresses.values() if found)
    entities = []
    for data in record:
        cohort, own = data["cohort"], addresses[data["cohort"]]
        told = f"{data['files']} files, {data['bytes']} bytes; SHA-256 of the list: {data['manifest_sha256']}"
        entities.append(
            {
                "@id": own[0] if own and times[own[0]] == 1 else f"#cohort_{cohort}",
                "@type": "Dataset",
                "name": f"The cohort {cohort}",
                "description": told,
                "license": [{"@id": _licence(name)} for name in data["licence"] or ["not stated"]],
                "identifier": own,
                "subjectOf": {"@id": manifests[cohort]},
            }
        )
    return entities


def weights_entities(methods: Methods) -> list[dict[str, Any]]:
    """Return an entity of each file of pretrained weights, at its address or as the local file that it is.

    Weights that the run made of its seed are no input. ``methods`` leads from a cohort to its methods' settings.
    """
    entities: dict[str, dict[str, Any]] = {}
    for method, settings in _each(methods):
        weights = settings.get("recipe", {}).get("weights")
        if not isinstance(weights, Mapping):
            continue
        if "path" in weights:
            path = Path(weights["path"]).expanduser().absolute()
            address, checksum = path.as_uri(), {"sha256": sha256(path)} if path.is_file() else {}
        else:
            address, checksum = weights["url"], {"sha256": weights["sha256"]}
        named = {"@id": address, "@type": "File", "name": f"Pretrained weights of {method}"}
        entities.setdefault(address, {**named, "encodingFormat": "application/octet-stream", **checksum})
    return list(entities.values())


def scores_of_others(methods: Methods) -> dict[str, tuple[Path, str]]:
    """Return, by their places in the crate, the files of scores that the run took, with what each is."""
    return {
        f"provenance/scores/{cohort}_{method}.csv": (path, f"Scores of {method}, which was trained elsewhere")
        for cohort, of_cohort in methods.items()
        for method, settings in of_cohort.items()
        if is_external(settings) and (path := Path(settings["recipe"]["file"]).expanduser().absolute()).is_file()
    }


def published_values(
    studies: Mapping[str, Mapping[str, Any]], *, root: Path, own: Path | None, audited: bool
) -> dict[str, tuple[Path, str]]:
    """Return, by their places in the crate, the files of published values that the run read, with what each is.

    Those of tables; all of the papers if they were ``audited``. ``root`` is the folder of the code, ``own`` that of a
    person's own studies, whose values lie beside them.
    """
    papers = root / "config" / "published"
    found = {path.name: path for path in sorted(papers.glob("*.csv"))} if audited else {}
    for study, settings in studies.items():
        names = dict.fromkeys(entry["published"] for entry in settings["tables"].values() if entry.get("published"))
        if own is not None and (own / f"{study}.yaml").is_file():
            found |= {f"{study}/{name}": own / name for name in names}
        else:
            found |= {name: papers / name for name in names}
    told = "Values as the paper printed them"
    return {
        f"provenance/published/{place}": (path, f"{told}: {path.stem}")
        for place, path in found.items()
        if path.is_file()
    }


def _each(methods: Methods) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for of_cohort in methods.values():
        yield from of_cohort.items()


def _address(doi: str) -> str:
    return doi if "://" in doi else f"https://doi.org/{doi}"


def _licence(name: str) -> str:
    return name if "://" in name else f"#licence_{quote(name)}"
