"""Check a configuration against its closed schema, with errors that say what to write instead."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from rerad.core.errors import ConfigError

ABSENT = object()
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same loader in C, where the library has it


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        ConfigError: no such file, no YAML or no mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    except FileNotFoundError as error:
        raise ConfigError("no such file", where=str(path)) from error
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f"{path}, line {place.line + 1}" if place else str(path)
        raise ConfigError(f"not valid YAML ({getattr(error, 'problem', error)})", where=line) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"holds a {type(content).__name__}, not keys and values", where=str(path))
    return content


def _is_whole(_: Any, value: Any) -> bool:
    # JSON Schema takes 1.0 for an integer; a file of the seed 1.0 is not that of the seed 1.
    return isinstance(value, int) and not isinstance(value, bool)


STRICT = extend(Draft202012Validator, type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole))


@functools.cache  # a run checks a dozen files with two schemas
def _validator(schema: Path) -> Validator:
    return STRICT(read_yaml(schema))


def check(
    content: Mapping[str, Any],
    schema: Path,
    *,
    sources: Sequence[tuple[str, Mapping[str, Any]]],
    otherwise: str = "command line",
) -> None:
    """Refuse content that does not fit the schema.

    ``sources`` are (name, content) of the files that were merged, the last laid over the others: the error names the
    one that sets the key, or ``otherwise``.

    Raises:
        ConfigError: naming file and key, the value, and what to write instead; the worst error only.
    """
    errors = sorted(_validator(schema).iter_errors(content), key=_rank)
    if errors:
        what, keys, remedy = _explain(errors[0])
        raise ConfigError(
            what, where=f"{_source_of(content, keys, sources, otherwise)}: {_dotted(keys)}", remedy=remedy
        )


def _rank(error: ValidationError) -> tuple[int, int, str]:
    # A misspelt key often makes a required one missing as well: tell the cause first.
    return (error.validator != "additionalProperties", len(error.absolute_path), str(error.absolute_path))


def _explain(error: ValidationError) -> tuple[str, list[str | int], str]:
    keys: list[str | int] = list(error.absolute_path)
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        key = next(key for key in error.instance if key not in known)
        close = difflib.get_close_matches(str(key), known, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        return "unknown key", [*keys, key], f"{hint}Known keys here: {', '.join(known)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        meaning = error.schema.get("properties", {}).get(missing, {}).get("description", "")
        return "missing key", [*keys, missing], f"Add it: {meaning}" if meaning else "Add it"
    return f"{error.instance!r} does not do", keys, _wanted(error)


def _wanted(error: ValidationError) -> str:
    meaning = error.schema.get("description", "")
    wanted = {
        "enum": lambda: f"Write one of: {', '.join(map(_as_yaml, error.validator_value))}",
        "type": lambda: f"Write {_type_names(error.validator_value)}",
        "minimum": lambda: f"Write {error.validator_value} or more",
        "maximum": lambda: f"Write {error.validator_value} or less",
        "exclusiveMinimum": lambda: f"Write more than {error.validator_value}",
        "minItems": lambda: f"Write at least {error.validator_value}",
        "maxItems": lambda: f"Write at most {error.validator_value}",
        "uniqueItems": lambda: "Write each value once",
        "pattern": lambda: f"Write text that fits {error.validator_value}",
        "anyOf": lambda: "Write one of the forms that the description names",
    }.get(str(error.validator), lambda: error.message)()
    return f"{wanted}. {meaning}".strip() if meaning else wanted


def _type_names(types: str | list[str]) -> str:
    names = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
             "array": "a list", "object": "keys and values", "null": "null"}  # fmt: skip
    return " or ".join(names[name] for name in ([types] if isinstance(types, str) else types))


def _as_yaml(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True).split("\n")[0].strip()


def _dotted(keys: Sequence[str | int]) -> str:
    return ".".join(map(str, keys)) or "(top level)"


def _source_of(
    content: Any, keys: Sequence[Any], sources: Sequence[tuple[str, Mapping[str, Any]]], otherwise: str
) -> str:
    """Return the last source that gives the key its value; a key that none of them gives it stems from elsewhere."""
    value = _value(content, keys)
    if value is ABSENT:  # a missing key belongs into the first file
        return sources[0][0] if sources else "configuration"
    return next((name for name, source in reversed(sources) if _value(source, keys) == value), otherwise)


def _value(content: Any, keys: Sequence[Any]) -> Any:
    for key in keys:
        try:
            content = content[key]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return content
