"""How each figure is taken: wrk or the open-loop client outside, the server's own CPU clock inside."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compare.peers import program
from compare.servers import BenchError, cpu_time
from compare.targets import Target

BENCH_DIR = Path(__file__).resolve().parent.parent
CONNECTIONS = 64
CLIENT_THREADS = 2
WRONG_SHARE_MAX = 0.001
LONG_WALK_KEYS = 50_000
WALK_MAX_S = 1800
# The answers' after-work (writing the request log, for one) belongs to the requests that caused it.
SETTLE_S = 0.5
# The two CPU clocks may differ by a tick for each process and by this share.
CLOCKS_SHARE_MAX = 0.03
CLOCKS_SLACK_NS = 50_000_000


@dataclass(frozen=True)
class Round:
    """One target under full load."""

    cpu_us: float
    per_second: float
    p50_us: float
    p99_us: float


@dataclass(frozen=True)
class LatencyRound:
    """One target at a fixed rate; microseconds."""

    p50_us: float
    p90_us: float
    p99_us: float
    max_us: float
    client_late_p50_us: float


@dataclass
class Results:
    """All rounds of all targets, in order, by slug."""

    load: dict[str, list[Round]] = field(default_factory=dict)
    latency: dict[str, list[LatencyRound]] = field(default_factory=dict)
    # The largest difference seen between the two CPU clocks, as a share.
    clocks_apart: float = 0.0
    problems: list[str] = field(default_factory=list)


class Meter:
    """Runs clients against targets; templates are files in the work directory."""

    def __init__(self, work_dir: Path, bin_dir: Path) -> None:
        self.work_dir = work_dir
        self.bin_dir = bin_dir
        self.results = Results()

    def template(self, target: Target) -> Path:
        path = self.work_dir / f"{target.slug}.request"
        if not path.exists():
            path.write_bytes(target.request)
        return path

    def wrk(self, target: Target, mode: str, seconds: int, seed: str) -> dict[str, Any]:
        command = [program("wrk") or "wrk", "-t", str(CLIENT_THREADS), "-c", str(CONNECTIONS), "-d", f"{seconds}s"]
        command += ["--timeout", "10s", "-s", str(BENCH_DIR / "random_keys.lua"), f"http://127.0.0.1:{target.port}"]
        command += [str(self.template(target)), str(target.keys.path), mode, str(CLIENT_THREADS)]
        command += [seed, target.expect]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if done.returncode != 0 or not lines:
            raise BenchError(f"wrk failed on {target.slug}: {done.stderr[-500:]}{done.stdout[-500:]}")
        return json.loads(lines[-1].removeprefix("RESULT "))

    def check(self, target: Target, seconds: float) -> None:
        """Warm-up and proof in one: every key at least once, every answer looked at."""
        share = -(-target.keys.count // CLIENT_THREADS)
        walked, started = [0] * CLIENT_THREADS, time.monotonic()
        while min(walked) < share or time.monotonic() < started + seconds:
            if time.monotonic() > started + WALK_MAX_S:
                raise BenchError(f"{target.slug} did not answer every key within {WALK_MAX_S} s")
            # Long steps for many keys: wrk reads the whole file at every start.
            step_s = 1 if target.keys.count <= LONG_WALK_KEYS else 5
            result = self.wrk(target, "check", step_s, ",".join(map(str, walked)))
            if sum(result["walked"]) == 0:
                raise BenchError(f"{target.slug} answers nothing")
            if result["wrong"]:
                self.problem(f"{target.slug}: {result['wrong']} wrong answers, such as: {result['sample']}")
                return
            walked = [before + now for before, now in zip(walked, result["walked"], strict=True)]

    def problem(self, text: str) -> None:
        print(f"ERROR {text}", flush=True)
        self.results.problems.append(text)

    def load_round(self, target: Target, seconds: int, seed: int) -> Round:
        """Full load for some seconds; the server's CPU time divided by the answers."""
        before = cpu_time(target.servers)
        result = self.wrk(target, "measure", seconds, str(seed))
        time.sleep(SETTLE_S)
        used = cpu_time(target.servers) - before
        requests = result["requests"]
        if requests == 0:
            raise BenchError(f"{target.slug} answered nothing")
        wrong = result["status_errors"] + result["socket_errors"]
        if wrong > requests * WRONG_SHARE_MAX:
            self.problem(f"{target.slug}: {wrong} of {requests} answers were errors")
        self.compare_clocks(target, used.clock_ns, used.stat_ns)
        measured = Round(
            cpu_us=used.clock_ns / 1e3 / requests,
            per_second=requests / (result["duration_us"] / 1e6),
            p50_us=result["p50_us"],
            p99_us=result["p99_us"],
        )
        self.results.load.setdefault(target.slug, []).append(measured)
        return measured

    def compare_clocks(self, target: Target, clock_ns: int, stat_ns: int) -> None:
        apart_ns = abs(clock_ns - stat_ns)
        self.results.clocks_apart = max(self.results.clocks_apart, apart_ns / max(clock_ns, 1))
        if apart_ns > CLOCKS_SLACK_NS + clock_ns * CLOCKS_SHARE_MAX:
            self.problem(f"{target.slug}: CPU clocks disagree: {clock_ns} ns and {stat_ns} ns")

    def latency_round(self, target: Target, seconds: int, rate: int, seed: int) -> LatencyRound:
        """A fixed rate for some seconds, latency counted from when each request was due."""
        command = [str(self.bin_dir / "open-loop"), "--addr", f"127.0.0.1:{target.port}", "--rate", str(rate)]
        command += ["--template", str(self.template(target)), "--keys", str(target.keys.path)]
        command += ["--seconds", str(seconds), "--connections", str(CONNECTIONS), "--seed", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"open-loop failed on {target.slug}: {done.stderr[-500:]}")
        result = json.loads(done.stdout)
        wrong = result["not_2xx"] + result["errors"] + result["dropped"]
        if wrong > result["measured"] * WRONG_SHARE_MAX:
            self.problem(f"{target.slug}: {wrong} of {result['measured']} requests went wrong at a fixed rate")
        fields = {name: result[name] for name in LatencyRound.__dataclass_fields__}
        measured = LatencyRound(**fields)
        self.results.latency.setdefault(target.slug, []).append(measured)
        return measured


def probe(target: Target) -> None:
    """The server lets a known key pass and refuses an unknown one: a check that is not made costs nothing."""
    with target.keys.path.open() as lines:
        known = lines.readline().rstrip("\n")
    status, body = ask(target, known)
    if not 200 <= status <= 299 or target.expect not in body:
        raise BenchError(f"{target.slug} does not accept a known key: {status} {body[:300]}")
    if target.refuses_unknown:
        unknown = known[:-8] + "0" * 8
        status, body = ask(target, unknown)
        refused = status in (401, 403) or '"allow":false' in body
        if not refused:
            raise BenchError(f"{target.slug} does not refuse an unknown key: {status} {body[:300]}")


def ask(target: Target, key: str) -> tuple[int, str]:
    """One request on a connection of its own."""
    request = target.request.replace(b"{key}", key.encode())
    with socket.create_connection(("127.0.0.1", target.port), timeout=5) as connection:
        connection.sendall(request)
        received = b""
        while not complete(received):
            part = connection.recv(65536)
            if not part:
                break
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    try:
        return int(head.split()[1]), body.decode(errors="replace")
    except (IndexError, ValueError) as error:
        raise BenchError(f"{target.slug} answers no HTTP: {received[:200]!r}") from error


def complete(received: bytes) -> bool:
    """Whether a whole response has come; one without a length is complete with its head."""
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return len(body) >= int(value)
    return True
