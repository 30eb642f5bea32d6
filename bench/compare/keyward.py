"""Keyward itself: configured with everything a user gets, its store filled, started and ready."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from compare.peers import KeySet, Place
from compare.servers import BenchError, Server

READY_WAIT_S = 180.0

# Scopes, a limit per key, rate headers and recording are on: what is measured is what a user runs.
CONFIG = """data_dir = "{data_dir}"

[listen]
gateway = "127.0.0.1:{gateway}"
auth = "127.0.0.1:{auth}"
control = "127.0.0.1:{control}"

[apis.bench]
prefixes = ["/"]
upstream = "http://127.0.0.1:{upstream}"

[apis.bench.scopes]
read = ""

[apis.bench.limits.default]
limit = 1000000000
window = "1h"

[[apis.bench.routes]]
methods = ["GET"]
path = "/{{*rest}}"
scopes = ["read"]
"""


@dataclass(frozen=True)
class Ports:
    """Keyward's three listeners and the upstream behind it."""

    gateway: int
    auth: int
    control: int
    upstream: int


def missing_binaries(bin_dir: Path) -> list[str]:
    """Which of Keyward's own programs are not there yet."""
    return [name for name in ("keyward", "keyward-fill") if not (bin_dir / name).is_file()]


def write_config(place: Place, slug: str, ports: Ports) -> Path:
    data_dir = place.fleet.work_dir / f"{slug}-data"
    data_dir.mkdir()
    return place.file(
        f"{slug}.toml",
        CONFIG.format(
            data_dir=data_dir,
            gateway=ports.gateway,
            auth=ports.auth,
            control=ports.control,
            upstream=ports.upstream,
        ),
    )


def fill(place: Place, slug: str, bin_dir: Path, config: Path, count: int) -> KeySet:
    """Creates the keys in Keyward's store before it starts; their secrets go to a file of ours."""
    out = place.fleet.work_dir / f"{slug}.keys"
    command = [str(bin_dir / "keyward-fill"), "--config", str(config), "--api", "bench"]
    command += ["--keys", str(count), "--out", str(out)]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"keyward-fill failed:\n{done.stderr[-2000:]}")
    print(f"{slug}: {count:,} keys in the store after {time.monotonic() - started:.1f} s", flush=True)
    return KeySet(out, count)


def start(place: Place, slug: str, bin_dir: Path, config: Path, ports: Ports) -> Server:
    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ports.control}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    command = [str(bin_dir / "keyward"), "serve", "--config", str(config)]
    started = time.monotonic()
    server = place.fleet.start(slug, command, ready, wait_s=READY_WAIT_S)
    print(f"{slug}: ready after {time.monotonic() - started:.1f} s", flush=True)
    return server
