"""Values of DICOM headers, or an error that names file, tag and value."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.multival import MultiValue

from rerad.core.errors import CaseError

TIME = re.compile(r"(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,6})?)?)?")
AGAIN = "Download the series again; if it is the archive's own value, leave the case out"
ITEM_MARKS = 0xFFFE
SHOWN = 80  # characters of a value in an error: a damaged one may be a megabyte


def opened(path: Path, *, headers_only: bool = False) -> Dataset:
    """Read a DICOM file.

    Raises:
        CaseError: it is missing, no DICOM file, or damaged.
    """
    try:
        return dcmread(path, stop_before_pixels=headers_only)
    except Exception as error:
        # What pydicom raises for damaged bytes has no common class: struct, key, value, type and recursion errors.
        raise CaseError(
            f"cannot be read as DICOM ({reason(error)})", where=str(path), remedy="Download the file again"
        ) from error


def told(keyword: str) -> str:
    """Return a tag as errors name it: ``PatientWeight (0010,1030)``."""
    number = tag_for_keyword(keyword)
    return keyword if number is None else f"{keyword} ({number >> 16:04x},{number & 0xFFFF:04x})"


def reason(error: Exception) -> str:
    """Return the first line of an error, cut short."""
    return shown((str(error).strip() or type(error).__name__).splitlines()[0])


def shown(value: Any) -> str:
    """Return a value as text for an error, cut short."""
    try:
        text = str(value)
    except Exception:  # see `opened`: what lies in a sequence is decoded when it is printed
        text = f"a damaged {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def raw(header: Dataset, keyword: str, where: str) -> Any:
    """Return a tag's value, or None where it is absent or empty.

    Raises:
        CaseError: its bytes are no value of its kind.
    """
    try:
        value = header.get(keyword)
        return None if value is None or (hasattr(value, "__len__") and len(value) == 0) else value
    except Exception as error:  # see `opened`: values are decoded when they are asked for
        raise CaseError(f"{told(keyword)} cannot be read ({reason(error)})", where=where, remedy=AGAIN) from error


def text(header: Dataset, keyword: str, where: str, default: str | None = None) -> str:
    """Return a single text.

    Raises:
        CaseError: it is missing without a default, or several.
    """
    value = raw(header, keyword, where)
    if value is None and default is not None:
        return default
    if value is None:
        raise missing(keyword, where)
    if isinstance(value, MultiValue | list | bytes):
        raise wrong(keyword, value, "is no single text", where)
    return str(value).strip()


def number(header: Dataset, keyword: str, where: str) -> float:
    """Return a single finite number.

    Raises:
        CaseError: it is missing, no number, several or not finite.
    """
    (value,) = numbers(header, keyword, 1, where)
    return value


def whole(header: Dataset, keyword: str, where: str) -> int:
    """Return a single integer.

    Raises:
        CaseError: it is missing, no number, several or no integer.
    """
    value = number(header, keyword, where)
    if value != int(value):
        raise wrong(keyword, value, "is no integer", where)
    return int(value)


def numbers(header: Dataset, keyword: str, count: int, where: str) -> tuple[float, ...]:
    """Return ``count`` finite numbers.

    Raises:
        CaseError: they are missing, no numbers, of another count or not finite.
    """
    value = raw(header, keyword, where)
    if value is None:
        raise missing(keyword, where)
    if isinstance(value, bytes):
        raise wrong(keyword, value, "is no number", where)
    parts = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    try:
        found = tuple(float(part) for part in parts)
    except (TypeError, ValueError, OverflowError) as error:
        raise wrong(keyword, value, "is no number", where) from error
    if len(found) != count or not all(math.isfinite(part) for part in found):
        raise wrong(keyword, value, f"is not {count} finite number{'s' if count > 1 else ''}", where)
    return found


def seconds(header: Dataset, keyword: str, where: str) -> float:
    """Return a DICOM time (HHMMSS.FFFFFF, PS3.5 section 6.2, shortened forms included) as seconds after midnight.

    Raises:
        CaseError: it is missing or no time.
    """
    value = text(header, keyword, where)
    parts = TIME.fullmatch(value)
    hours, minutes, rest, fraction = (float(part or 0) for part in parts.groups()) if parts else (99.0, 0.0, 0.0, 0.0)
    if hours > 23 or minutes > 59 or rest > 60:
        raise wrong(keyword, value, "is no time of day", where)
    return hours * 3600 + minutes * 60 + rest + fraction


def differ(one: Any, other: Any) -> bool:
    """Tell whether two values differ; one that cannot be decoded differs from all."""
    try:
        return bool(one != other)
    except Exception:  # see `opened`: what lies in a sequence is decoded when it is compared
        return True


def items(header: Dataset, keyword: str, where: str) -> Sequence[Dataset]:
    """Return the items of a sequence; none where it is absent or empty.

    Raises:
        CaseError: it is no sequence.
    """
    value = raw(header, keyword, where)
    if value is None:
        return ()
    try:
        found = tuple(value)
    except TypeError:
        found = (None,)
    if not all(isinstance(item, Dataset) for item in found):
        raise wrong(keyword, value, "is no sequence", where)
    return found


def refuse_torn(header: Dataset, where: str) -> None:
    """Refuse a header whose items have run into each other, as after a damaged length: parts would be lost unseen.

    Tags ascend within an item, and item marks (FFFE,xxxx) are no tags (PS3.5 sections 7.1 and 7.5).

    Raises:
        CaseError: naming the tag that stands in a wrong place.
    """
    tags = list(header.keys())
    for before, tag in pairwise([0, *tags]):
        if tag <= before or tag >> 16 == ITEM_MARKS:
            raise CaseError(
                f"torn: tag ({tag >> 16:04x},{tag & 0xFFFF:04x}) stands where it cannot",
                where=where,
                remedy="Download the file again",
            )
    for tag in tags:
        if dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ":
            for item in items(header, keyword_for_tag(tag), where):
                refuse_torn(item, where)


def missing(keyword: str, where: str) -> CaseError:
    """Return the error for a tag that is absent or empty."""
    return CaseError(f"{told(keyword)} is missing", where=where, remedy=AGAIN)


def wrong(keyword: str, value: Any, why: str, where: str) -> CaseError:
    """Return the error for a value that cannot be."""
    return CaseError(f"{told(keyword)} = {shown(value)} {why}", where=where, remedy=AGAIN)
