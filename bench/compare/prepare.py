"""What a run needs before it can start: other programs, our own binaries, and who they all are."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from compare.peers import program
from compare.servers import BenchError

# program: Debian package
PACKAGES = {"wrk": "wrk", "nginx": "nginx-light", "haproxy": "haproxy"}


def install_missing() -> None:
    """Installs missing programs with apt; touches nothing when all are there."""
    missing = [package for name, package in PACKAGES.items() if program(name) is None]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise BenchError(f"please install {', '.join(missing)}: there is no apt here to do it with")
    print(f"installing {', '.join(missing)}", flush=True)
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        done = subprocess.run([*prefix, "apt-get", *arguments], env=environment, capture_output=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"apt-get {arguments[0]} failed:\n{done.stderr.decode()[-1000:]}")


def build(repository: Path) -> None:
    command = ["cargo", "build", "--release", "-p", "keyward", "-p", "keyward-bench"]
    if subprocess.run(command, cwd=repository, check=False).returncode != 0:
        raise BenchError("the build failed")


def binary_dir(repository: Path) -> Path:
    """Where cargo puts release binaries; cargo itself knows about CARGO_TARGET_DIR and its config files."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--offline"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return Path(json.loads(done.stdout)["target_directory"]) / "release"
    return Path(os.environ.get("CARGO_TARGET_DIR", repository / "target")) / "release"


def _first_line(*command: str) -> str:
    path = program(command[0])
    if path is None:
        return ""
    done = subprocess.run([path, *command[1:]], capture_output=True, text=True, check=False)
    return next(iter((done.stdout + done.stderr).splitlines()), "")


def _version(*command: str) -> str:
    found = re.search(r"\d+\.\d+[\w.+~-]*", _first_line(*command))
    return found.group() if found else "?"


def _locked_version(repository: Path, package: str) -> str:
    """Version of a crate in Cargo.lock."""
    for directory in (repository, repository / "bench"):
        lock = directory / "Cargo.lock"
        if lock.exists():
            found = re.search(rf'name = "{package}"\nversion = "([^"]+)"', lock.read_text())
            if found:
                return found.group(1)
    return "?"


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def describe(repository: Path, bin_dir: Path, load_at_start: float) -> list[str]:
    """Date, machine and versions, as lines of text."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    cores = len(os.sched_getaffinity(0))
    keyward = bin_dir / "keyward"
    ours = _version(str(keyward), "--version") if keyward.is_file() else "not measured"
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=repository, capture_output=True, text=True, check=False
    ).stdout.strip()
    peers = ", ".join(f"{name} {_version(name, '-v')}" for name in ("nginx", "haproxy", "wrk"))
    return [
        f"Date: {today}. Keyward {ours}{f' ({commit})' if commit else ''}.",
        f"Peers: hyper {_locked_version(repository, 'hyper')}, {peers}; {_first_line('rustc', '--version')}.",
        f"Machine: {cpu_model()}, {cores} cores shared by servers and client, Linux {platform.release()}, "
        f"load average at the start {load_at_start:.2f}.",
    ]
