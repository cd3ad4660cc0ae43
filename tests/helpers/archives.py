"""Archives made in memory."""

from __future__ import annotations

import io
import tarfile


def tar_bytes(files: dict[str, bytes], mode: str = "w") -> bytes:
    """Return a tar (``w``, ``w:gz`` …) of files by name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
