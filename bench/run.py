#!/usr/bin/env python3
"""Compares Keyward with other servers, side by side, and writes the tables of bench/README.md.

    python3 bench/run.py                          10,000 keys, about ten minutes
    python3 bench/run.py --keys 1000000 --latency the published figures
    python3 bench/run.py --rounds 1 --seconds 1   does it work? (the page is not written)
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from compare import prepare, report  # noqa: E402 (the path above comes first)
from compare.measure import CLIENT_THREADS, CONNECTIONS, SETTLE_S, Meter, Results, probe  # noqa: E402
from compare.peers import Place  # noqa: E402
from compare.servers import BenchError, Fleet  # noqa: E402
from compare.targets import Target, start_all  # noqa: E402

BENCH_DIR = Path(__file__).resolve().parent
REPOSITORY = BENCH_DIR.parent
# Fewer or shorter rounds are for trying things out, not for publishing.
PUBLISHED_ROUNDS_MIN = 5
PUBLISHED_SECONDS_MIN = 5
QUIET_LOAD_MAX = 0.5


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=10_000, help="keys in Keyward and in HAProxy's larger map")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="length of a round for each server")
    parser.add_argument("--warmup-seconds", type=float, default=2.0, help="at least; every key is used once anyway")
    parser.add_argument("--only", default="", help="comma-separated parts of row names: nginx,haproxy,hyper,keyward")
    parser.add_argument("--latency", action="store_true", help="also measure latency at a fixed rate")
    parser.add_argument("--latency-rate", type=int, default=5_000, help="requests per second of --latency")
    parser.add_argument("--no-install", action="store_true", help="never call apt")
    parser.add_argument("--no-build", action="store_true", help="use the binaries that are there")
    parser.add_argument("--bin-dir", type=Path, help="where they are (implies --no-build)")
    parser.add_argument("--earlier", type=Path, help="binaries of an earlier build, measured beside: what a change costs")
    parser.add_argument("--no-write", action="store_true", help="print the tables, leave the page alone")
    options = parser.parse_args()
    if min(options.keys, options.rounds, options.seconds, options.latency_rate) < 1:
        parser.error("--keys, --rounds, --seconds and --latency-rate are at least 1")
    return options


def prepared_binaries(options: argparse.Namespace) -> Path:
    if not options.no_install:
        prepare.install_missing()
    if options.bin_dir is None and not options.no_build:
        prepare.build(REPOSITORY)
    bin_dir = (options.bin_dir or prepare.binary_dir(REPOSITORY)).resolve()
    for name in ("bare-hyper", "open-loop"):
        if not (bin_dir / name).is_file():
            raise BenchError(f"{name} is not in {bin_dir}: build it, or say where it is by --bin-dir")
    return bin_dir


def measure(meter: Meter, targets: list[Target], options: argparse.Namespace) -> None:
    """Warm-up and checks first, then rounds in turn: A B C A B C."""
    for target in targets:
        probe(target)
        meter.check(target, options.warmup_seconds)
        print(f"warm: {target.slug}", flush=True)
    for number in range(1, options.rounds + 1):
        for target in targets:
            taken = meter.load_round(target, options.seconds, number)
            figures = f"{taken.cpu_us:7.2f} µs {taken.per_second:9,.0f}/s"
            print(f"round {number}: {target.slug:28} {figures}", flush=True)
    if options.latency:
        quiet = [target for target in targets if target.slug.startswith(report.LATENCY_SLUGS)]
        for number in range(1, options.rounds + 1):
            for target in quiet:
                late = meter.latency_round(target, options.seconds, options.latency_rate, number)
                figures = f"p50 {late.p50_us:6.0f} p90 {late.p90_us:6.0f} µs"
                print(f"latency {number}: {target.slug:28} {figures}", flush=True)
    # The answers are looked at once more: a limit reached or a key lost on the way would have been cheap.
    for target in targets:
        probe(target)


def run(options: argparse.Namespace) -> int:
    load_at_start = os.getloadavg()[0]
    bin_dir = prepared_binaries(options)
    if load_at_start > QUIET_LOAD_MAX:
        print(f"note: the load average is {load_at_start:.2f}; figures of a busy machine mislead", flush=True)
    threads = len(os.sched_getaffinity(0))
    only = [part for part in options.only.split(",") if part]

    def wanted(slug: str) -> bool:
        return not only or any(part in slug for part in only)

    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="keyward-bench-") as name, Fleet(Path(name)) as fleet:
        targets = start_all(Place(fleet, threads), bin_dir, options.earlier, options.keys, wanted)
        meter = Meter(fleet.work_dir, bin_dir)
        measure(meter, targets, options)
    results = meter.results
    method = (
        f"Method: {options.rounds} rounds of {options.seconds} s in turn, wrk with {CONNECTIONS} connections and "
        f"{CLIENT_THREADS} threads, {threads} threads for each server, CPU read {SETTLE_S} s after the last answer; "
        f"the two CPU clocks differed by {results.clocks_apart:.1%} at most; {time.monotonic() - started:.0f} s in all."
    )
    about = prepare.describe(REPOSITORY, bin_dir, load_at_start)
    measured = report.render(targets, results, about, method, options.keys, options.latency_rate)
    print("\n" + measured)
    return finish(options, measured, results)


def finish(options: argparse.Namespace, measured: str, results: Results) -> int:
    """Writes the page if the run deserves it."""
    if problems := results.problems:
        print("\nnot written to the page, because of:\n" + "\n".join(problems), file=sys.stderr)
        return 1
    short = options.rounds < PUBLISHED_ROUNDS_MIN or options.seconds < PUBLISHED_SECONDS_MIN
    without_us = not any(slug.startswith("keyward") for slug in results.load)
    if options.no_write or short or options.only or without_us:
        print("\nnot written to the page (a short or partial run, or --no-write)")
    else:
        report.write_page(BENCH_DIR / "README.md", measured)
    return 0


def main() -> int:
    # A polite kill unwinds like Ctrl-C, so that every server is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(arguments())
    except BenchError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
