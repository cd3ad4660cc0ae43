"""Time the downloader against a local server throttled to 125 MB/s: rate, CPU seconds, memory.

Run as ``python benchmarks/download.py [--gigabytes 2] [--checksum md5]``. The client is a process of its own, so that
the server's work is not counted. Targets: 0.9 of the server's rate, 3 s of CPU per GB, and memory that does not grow
with the file: the peak of the whole file against that of one of 16 MB. Beside the CPU stands what the checksums alone
take on this machine: most of it, where the processor has no instructions for SHA.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from measured import RATIO, at_least, at_most, measured, verdict

RATE = 125e6
SMALL = 16 * 10**6
LEAST_SHARE, MOST_CPU_S_PER_GB, MOST_GROWTH_MB = 0.9, 3.0, 16.0
BLOCK = bytes(range(256)) * 4096

CLIENT = """
import json, sys, time
from pathlib import Path
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.remote import Remote
from rerad.core.cost import measure
url, folder, size, checksum = sys.argv[1:]
with measure() as cost:
    rows = download([Remote("file", url, int(size), checksum)], Path(folder))
print(json.dumps(cost | {"sha256": rows[0].sha256}))
"""


def main() -> int:
    """Fetch a small and a large file, print what it cost, and fail if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--checksum", choices=["md5", "sha256"], default="md5")
    arguments = parser.parse_args()
    size = int(arguments.gigabytes * 1e9)
    with tempfile.TemporaryDirectory() as name:
        address = start_server()
        small = fetch(address, Path(name, "small"), SMALL, arguments.checksum)
        large = fetch(address, Path(name, "large"), size, arguments.checksum)
    gigabytes, checksums = size / 1e9, f"the checksums alone (SHA-256, {arguments.checksum})"
    rate, peak = size / large["wall_s"] / 1e6, large["peak_rss_mb"]
    return verdict(
        [
            measured(
                f"rate over {gigabytes:.2f} GB, the last flush included",
                rate,
                "MB/s",
                peer=("the server", RATE / 1e6),
                target=at_least(LEAST_SHARE, RATIO),
            ),
            measured(
                "processor's time for a GB",
                large["cpu_s"] / gigabytes,
                "s",
                peer=(checksums, large["hashing_s"] / gigabytes),
                target=at_most(MOST_CPU_S_PER_GB),
            ),
            measured(
                f"growth of the peak memory from 16 MB to {gigabytes:.2f} GB",
                peak - small["peak_rss_mb"],
                "MB",
                target=at_most(MOST_GROWTH_MB),
                note=f"the peak: {peak:.0f} MB",
            ),
        ]
    )


def fetch(address: str, folder: Path, size: int, checksum: str) -> dict[str, float]:
    """Return what the download of ``size`` bytes cost a process of its own; refuse wrong bytes."""
    digests = {name: hashlib.new(name) for name in {checksum, "sha256"}}
    began = time.process_time()
    for start in range(0, size, len(BLOCK)):
        for digest in digests.values():
            digest.update(BLOCK[: size - start])
    hashing = time.process_time() - began
    published = f"{checksum}:{digests[checksum].hexdigest()}"
    command = [sys.executable, "-c", CLIENT, f"{address}/{size}", str(folder), str(size), published]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"NO_PROXY": "*"})
    cost = json.loads(shown.stdout)
    if cost.pop("sha256") != digests["sha256"].hexdigest():
        raise SystemExit("wrong bytes")
    return cost | {"hashing_s": hashing}


def start_server() -> str:
    """Start a server that sends as many bytes as the path says, at most 125 MB in any second; return its address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def answer(connection: socket.socket) -> None:
    """Answer one request and close the connection."""
    with connection:
        request = connection.recv(65536).decode()
        left = int(request.split()[1].strip("/"))
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {left}\r\nConnection: close\r\n\r\n".encode())
        start, sent = time.perf_counter(), 0
        while left:
            block = memoryview(BLOCK)[:left]
            connection.sendall(block)
            left, sent = left - len(block), sent + len(block)
            time.sleep(max(0.0, start + sent / RATE - time.perf_counter()))


if __name__ == "__main__":
    sys.exit(main())
