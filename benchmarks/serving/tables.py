"""The tables of docs/serving.md and docs/security.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEAD = ["| what | measured | aim |", "| --- | --- | --- |"]

Row = tuple[str, str, str]


def speed_lines(results: Mapping[str, Any]) -> list[str]:
    """Return the table of speed and memory."""
    if "speed" not in results:
        return []
    found = results["speed"]
    start = found["ready"]
    rows: list[Row] = [
        ("from the start of the process to ready", f"{start['seconds']:.2f} s", aim(start["seconds"] < 1.5, "1.5 s")),
    ]
    sizes = [name for name in found if name not in ("ready", "machine")]
    for size in sizes:
        one = found[size]
        rates, ratio = one["images_per_second"], one["ratio"]
        rows += [
            (
                f"one image of {size}, one client",
                f"{one['p50_ms']:.1f} ms in the median, {one['p99_ms']:.1f} ms for 99 of 100",
                aim(one["p50_ms"] < 15, "15 ms") if size == sizes[0] else "none",
            ),
            (
                f"16 clients, each with one such image in a request ({rates['one']:,.0f} images a second)",
                f"{ratio['one to decoding']:.2f} times a loop of Pillow and ONNX Runtime; "
                f"{ratio['one to alone']:.2f} times ONNX Runtime on decoded images",
                aim(ratio["one to decoding"] >= 0.7, "0.7 times the loop", at_least=True),
            ),
            (
                f"16 clients, each with eight ({rates['eight']:,.0f} images a second)",
                f"{ratio['eight to decoding']:.2f} times the loop; {ratio['eight to alone']:.2f} without decoding",
                aim(ratio["eight to decoding"] >= 0.7, "0.7 times the loop", at_least=True),
            ),
        ]
    memory, idle = (max(found[size][key] for size in sizes) for key in ("memory_mb", "idle"))
    rows += [
        ("resident memory after that", f"{memory:,.0f} MB", aim(memory < 400, "400 MB")),
        ("a core, while nobody asks", f"{100 * idle:.1f} %", aim(idle < 0.02, "2 %")),
    ]
    note = (
        f"Medians of several turns on {found['machine']}, with the clients on the same cores; the loop decodes, "
        "resizes and computes 8 images at a time, and keeps no audit table. Other machines compare by ratios only."
    )
    return [*_HEAD, *map(line, rows), "", note]


def load_lines(results: Mapping[str, Any]) -> list[str]:
    """Return the table of what a service was seen to bear."""
    rows: list[Row] = []
    if "load" in results:
        rows += _mixed_rows(results["load"])
    if "overload" in results:
        one = results["overload"]
        busy, wrong = one["statuses"].get("503", 0), sum(one["wrong"].values())
        rows.append(
            (
                "the same where only 8 images may wait",
                f"{sum(one['statuses'].values()):,} answers, {busy:,} of them 503 with `Retry-After`; {wrong:,} others "
                f"wrong; {one['missing']:,} of {one['acknowledged']:,} acknowledged predictions missing",
                aim(not wrong and not one["missing"], "none wrong or missing", bound=""),
            )
        )
    if "batches" in results:
        one = results["batches"]
        growth = one["after_mb"] / one["before_mb"] - 1
        rows.append(
            (
                f"memory after {one['batches']:,} requests of 1 to 32 images",
                f"{one['after_mb']:,.0f} MB, {growth:+.1%}",
                aim(abs(growth) <= 0.05, "±5 %", bound=""),
            )
        )
    if "database" in results:
        rows += _loss_rows(results["database"], f"PostgreSQL stopped and started {results['database']['times']} times")
    if "kill" in results:
        one = results["kill"]
        rows += _loss_rows(one, f"the service ended by `kill -9` {one['times']} times")
        rows.append(("ready again after that", f"{one['ready_seconds']:.1f} s at most", "none"))
    machines = dict.fromkeys(
        results[name]["machine"] for name in ("load", "overload", "batches", "database", "kill") if name in results
    )
    return [*_HEAD, *map(line, rows), "", f"Measured on {'; '.join(machines)}, with the clients on the same cores."]


def _mixed_rows(found: Mapping[str, Any]) -> list[Row]:
    minutes, answers, statuses = found["seconds"] / 60, sum(found["statuses"].values()), found["statuses"]
    wrong, memory = sum(found["wrong"].values()), found["memory_mb"]
    busy = statuses.get("503", 0)
    spread = max(memory["most"] / memory["warm"] - 1, 1 - memory["least"] / memory["warm"])
    name = f"{minutes:g} minutes of mixed requests from 16 clients"
    ratio = found["p99_ms"] / found["p50_ms"]
    return [
        (
            name,
            f"{answers:,} answers, {wrong:,} of them not as they should be; {busy:,} were 503 with `Retry-After`",
            aim(not wrong, "none wrong", bound=""),
        ),
        (
            "acknowledged predictions that are not in the audit table then",
            f"{found['missing']:,} of {found['acknowledged']:,}",
            aim(not found["missing"], "none", bound=""),
        ),
        (
            "one good image in that time",
            f"{found['p50_ms']:,.0f} ms in the median, {found['p99_ms']:,.0f} ms for 99 of 100",
            aim(ratio < 10, "10 times the median"),
        ),
        (
            "memory in that time",
            f"{memory['least']:,.0f} to {memory['most']:,.0f} MB, {spread:.1%} from that after the warm-up",
            aim(spread <= 0.05, "±5 %", bound=""),
        ),
    ]


def _loss_rows(found: Mapping[str, Any], name: str) -> list[Row]:
    wrong = sum(found["wrong"].values())
    return [
        (
            f"{name} under load: acknowledged predictions that are missing",
            f"{found['missing']:,} of {found['acknowledged']:,}",
            aim(not found["missing"], "none", bound=""),
        ),
        (f"{name}: answers not as they should be", f"{wrong:,}", aim(not wrong, "none", bound="")),
    ]


def aim(met: bool, target: str, *, bound: str = "under ", at_least: bool = False) -> str:
    """Say what was aimed at, and whether it was met."""
    return f"{'at least ' if at_least else bound}{target}: {'met' if met else 'missed'}"


def line(row: Row) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(row)} |"
