"""Processes we start, the CPU time they use, and how they end.

Only processes started here are ever stopped, each by its own id.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

STOP_WAIT_S = 5.0
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something that makes the figures meaningless; the message says what."""


@dataclass
class Server:
    """A running server: its root process and the workers below it."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    seen_pids: set[int] = field(default_factory=set)

    def pids(self) -> list[int]:
        """The root process and all its descendants that live now."""
        if self.process.poll() is not None:
            raise BenchError(f"{self.name} ended by itself:\n{self.log_tail()}")
        found = [self.process.pid, *descendants(self.process.pid)]
        self.seen_pids.update(found)
        return found

    def log_tail(self) -> str:
        """The last lines it wrote, for an error message."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def stop(self) -> None:
        """Ends it politely, then by force, workers included."""
        workers = {pid: start_time(pid) for pid in descendants(self.process.pid)}
        self.process.terminate()
        try:
            self.process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid, started in workers.items():
            # The start time tells our worker from a stranger that got its number since.
            if started is not None and start_time(pid) == started:
                os.kill(pid, 9)


class Fleet:
    """All servers of one run, in a directory of their own; a context manager that leaves nothing behind."""

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir
        self.servers: list[Server] = []

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        for server in reversed(self.servers):
            server.stop()

    def start(self, name: str, command: list[str], ready: Callable[[], bool], wait_s: float = 60.0) -> Server:
        """Starts a command in the foreground and waits until `ready` says so."""
        log = self.work_dir / f"{name}.log"
        with log.open("wb") as output:
            # A session of its own: Ctrl-C reaches this script only, which then stops every server in order.
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        server = Server(name, process, log)
        self.servers.append(server)
        deadline = time.monotonic() + wait_s
        while not ready():
            server.pids()
            if time.monotonic() > deadline:
                raise BenchError(f"{name} is not ready after {wait_s:.0f} s:\n{server.log_tail()}")
            time.sleep(0.05)
        server.pids()
        return server


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [held.getsockname()[1] for held in sockets]
    finally:
        for held in sockets:
            held.close()


def accepts(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _stat_fields(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat after the name (which may hold anything), state first."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def start_time(pid: int) -> int | None:
    """When a process began, in ticks since boot; None when it is gone."""
    fields = _stat_fields(pid)
    return int(fields[19]) if fields else None


def descendants(root: int) -> list[int]:
    """Children, grandchildren and so on of a process."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat_fields(int(entry))):
            children.setdefault(int(fields[1]), []).append(int(entry))
    found: list[int] = []
    pending = [root]
    while pending:
        below = children.get(pending.pop(), [])
        found += below
        pending += below
    return found


@dataclass(frozen=True)
class CpuTime:
    """CPU time of some processes, user and system together, by two clocks."""

    clock_ns: int
    stat_ns: int

    def __sub__(self, other: CpuTime) -> CpuTime:
        return CpuTime(self.clock_ns - other.clock_ns, self.stat_ns - other.stat_ns)


def cpu_time(servers: Iterable[Server]) -> CpuTime:
    """CPU time used so far by all processes of the servers.

    The per-process CPU clock has nanoseconds and counts threads that have ended (unlike /proc/PID/task/*/schedstat);
    /proc/PID/stat has ticks of 10 ms and serves as the cross-check.
    """
    clock_ns = stat_ns = 0
    for server in servers:
        for pid in server.pids():
            fields = _stat_fields(pid)
            if fields is None:
                raise BenchError(f"process {pid} of {server.name} ended while measuring")
            stat_ns += (int(fields[11]) + int(fields[12])) * TICK_NS
            # The clock id of another process, as clock_getcpuclockid(3) computes it.
            clock_ns += time.clock_gettime_ns((~pid << 3) | 2)
    return CpuTime(clock_ns, stat_ns)
