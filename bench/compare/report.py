"""Figures to Markdown: median with (min–max), and ratios to the peer of the same round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from compare.measure import LatencyRound, Results, Round
from compare.targets import ANSWERS, BEHIND_NGINX, PROXIED, Target

BEGIN = "<!-- measured:begin -->"
END = "<!-- measured:end -->"

# In each group, the row that the others' ratio is taken to.
BASES = {ANSWERS: "hyper-get", PROXIED: "nginx-proxy-map", BEHIND_NGINX: "nginx-auth-empty"}

# Goal, subject, peer, upper bound of the ratio of CPU per request. {large} is the size of the larger map.
CPU_GOALS = [
    ("G1", "keyward-verify", "hyper-post", 1.30),
    ("G2", "keyward-gateway", "nginx-proxy-map", 1.00),
    ("G2", "keyward-gateway", "haproxy-proxy-map-{large}", 0.60),
]
LATENCY_GOALS = [("G6", "keyward-verify", "hyper-post", 1.10), ("G6", "keyward-gateway", "nginx-proxy", 1.10)]
# The rows the open-loop client is worth running on.
LATENCY_SLUGS = ("hyper-get", "hyper-post", "nginx-map", "haproxy-map", "nginx-proxy", "haproxy-proxy-map", "keyward")


def spread(values: Sequence[float], digits: int) -> str:
    """Median with (min–max)."""
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))
    return f"{middle} ({low}–{high})"


def ratios(subject: Sequence[float], peer: Sequence[float]) -> list[float]:
    """Round by round, so that what disturbs a whole round disturbs no ratio."""
    return [ours / theirs for ours, theirs in zip(subject, peer, strict=False)]


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|---" + "|--:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def cpu_of(rounds: Sequence[Round]) -> list[float]:
    return [each.cpu_us for each in rounds]


def load_table(targets: Sequence[Target], group: str, results: Results) -> str:
    """One group under full load."""
    base_slug = BASES[group]
    base = results.load.get(base_slug, [])
    base_title = next((target.title for target in targets if target.slug == base_slug), "")
    rows = []
    for target in targets:
        rounds = results.load.get(target.slug)
        if target.group != group or not rounds:
            continue
        ratio = spread(ratios(cpu_of(rounds), cpu_of(base)), 2) if base else "–"
        rows.append(
            [
                target.title,
                spread(cpu_of(rounds), 1),
                ratio,
                f"{median(each.per_second for each in rounds):,.0f}",
                f"{median(each.p50_us for each in rounds) / 1e3:.2f}",
                f"{median(each.p99_us for each in rounds) / 1e3:.2f}",
            ]
        )
    if not rows:
        return ""
    to = f"ratio to {base_title}" if base_title else "ratio"
    header = [group, "server CPU per request, µs", to, "requests/s", "p50, ms", "p99, ms"]
    return table(header, rows)


def latency_table(targets: Sequence[Target], results: Results, rate: int) -> str:
    """All rows at a fixed rate."""
    columns: list[tuple[str, Callable[[LatencyRound], float]]] = [
        ("p50, µs", lambda each: each.p50_us),
        ("p90, µs", lambda each: each.p90_us),
        ("p99, µs", lambda each: each.p99_us),
        ("slowest, µs", lambda each: each.max_us),
    ]
    rows = []
    for target in targets:
        rounds = results.latency.get(target.slug)
        if rounds:
            kind = "answers" if target.group == ANSWERS else "proxies"
            cells = [spread([pick(each) for each in rounds], 0) for _, pick in columns]
            rows.append([f"{target.title} ({kind})", *cells])
    return table([f"open loop, {rate:,} requests/s", *(name for name, _ in columns)], rows)


def goal_table(targets: Sequence[Target], results: Results, large: int) -> str:
    """The goals that this run can judge."""
    titles = {target.slug: target.title for target in targets}
    rows = []

    def judge(goal: str, what: str, subject: str, peer: str, values: list[float], bound: float) -> None:
        verdict = "met" if median(values) <= bound else "**missed**"
        name = f"{goal}: {what}, {titles[subject]} ÷ {titles[peer]}"
        rows.append([name, spread(values, 2), f"≤ {bound:.2f}", verdict])

    for goal, subject, peer_pattern, bound in CPU_GOALS:
        peer = peer_pattern.format(large=large)
        if subject in results.load and peer in results.load:
            values = ratios(cpu_of(results.load[subject]), cpu_of(results.load[peer]))
            judge(goal, "CPU", subject, peer, values, bound)
    for goal, subject, peer, bound in LATENCY_GOALS:
        if subject in results.latency and peer in results.latency:
            ours, theirs = results.latency[subject], results.latency[peer]
            for name in ("p50_us", "p90_us"):
                pick = [[getattr(each, name) for each in rounds] for rounds in (ours, theirs)]
                judge(goal, name.removesuffix("_us"), subject, peer, ratios(*pick), bound)
    return table(["goal", "ratio", "bound", ""], rows) if rows else ""


def render(
    targets: Sequence[Target], results: Results, about: list[str], method: str, large: int, rate: int
) -> str:
    """Everything that was measured, as Markdown."""
    parts = ["\n".join(f"- {line}" for line in [*about, method])]
    parts += [load_table(targets, group, results) for group in (ANSWERS, PROXIED, BEHIND_NGINX)]
    if results.latency:
        parts.append(latency_table(targets, results, rate))
        late = median(each.client_late_p50_us for rounds in results.latency.values() for each in rounds)
        note = f"The client itself was {late:.0f} µs late in sending (median); up to 150 µs of that is not counted."
        parts.append(note)
    parts.append(goal_table(targets, results, large))
    return "\n\n".join(part for part in parts if part)


def write_page(page: Path, measured: str) -> None:
    """Replaces what stands between the markers; the prose around them is written by hand."""
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no markers {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n{measured}\n{END}{after}")
