"""The page of results: its text is written by hand, what stands between markers is written here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from growth import CORES, estimates, limits
from results import Row

NOT_LIBRARIES = ("processor", "cores", "memory", "python")
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def fill(text: str, results: dict[str, Any]) -> str:
    """The page with the tables of all sections that there are results of."""
    sections: dict[str, str] = {"machine": machine_line(results["machine"])}
    if suite := results.get("stages"):
        sections["stages"] = stage_table([Row(**row) for row in suite["rows"]])
    if run := results.get("end_to_end"):
        sections["end_to_end"] = run_table(run)
    if runs := results.get("growth"):
        sections["growth"] = growth_table(runs)
        if len(runs) > 1:
            sections["billion"] = billion_table(runs, results["machine"]["cores"])
    for name, content in sections.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        found = pattern.search(text)
        if not found:
            raise ValueError(f"the page has no {begin.strip()} ... {end}")
        text = text.replace(found[0], f"{begin}{content}\n{end}")
    return text


def unexplained(text: str, results: dict[str, Any]) -> list[str]:
    """Stages that missed their aim and that no line ``- *STAGE*: REASON`` of the page is about."""
    rows = [Row(**row) for row in results.get("stages", {}).get("rows", [])]
    return [row.stage for row in rows if row.met is False and f"- *{row.stage}*:" not in text]


def machine_line(machine: dict[str, Any]) -> str:
    libraries = ", ".join(f"{name} {each}" for name, each in machine.items() if name not in NOT_LIBRARIES)
    return (
        f"{machine['cores']} cores ({machine['processor']}), {size(machine['memory'])} of memory; "
        f"Python {machine['python']}, {libraries}."
    )


def stage_table(rows: Iterable[Row]) -> str:
    lines = [_line(_stage_cells(row)) for row in rows]
    return table(("stage", "size", "time", "beside", "aim", "peak memory"), lines)


def _stage_cells(row: Row) -> list[str]:
    beside = "; ".join(f"{name} {duration(each)}: {times(row.seconds / each)}" for name, each in row.floors.items())
    aims = []
    if row.aim_ratio is not None:
        aims.append(f"{times(row.aim_ratio)} {next(iter(row.floors))}")
    if row.aim_seconds is not None:
        aims.append(duration(row.aim_seconds))
    if row.aim_bytes is not None:
        aims.append(size(row.aim_bytes))
    aim = f"{', '.join(aims)}: {'met' if row.met else '**missed**'}" if aims else ""
    return [row.stage, row.size, duration(row.seconds), beside, aim, peaks(row.peak, row.worker_peak)]


def run_table(run: dict[str, Any]) -> str:
    rows = [
        _line([name, duration(each["seconds"]), size(each["peak"]), size(each["worker_peak"])])
        for name, each in run["stages"].items()
    ]
    head = f"{run['examples']:,} examples, {run['mentions']:,} mentions, {run['types']:,} types; "
    head += f"three splits of {run['chosen']:,} examples.\n\n"
    return head + table(("stage", "time", "peak memory", "of a worker"), rows)


def growth_table(runs: Sequence[dict[str, Any]]) -> str:
    lines = []
    for name in runs[-1]["stages"]:
        each = [run["stages"][name] for run in runs]
        cells = [f"{duration(one['seconds'])}, {size(max(one['peak'], one['worker_peak']))}" for one in each]
        lines.append(_line([name, *cells]))
    return table(("stage", *(f"{run['examples']:,}" for run in runs)), lines)


def billion_table(runs: Sequence[dict[str, Any]], cores: int) -> str:
    lines = [
        _line(
            [
                each.stage,
                duration(each.measured),
                "" if math.isnan(each.exponent) else f"{each.exponent:.2f}",
                *(duration(each.seconds[number]) for number in CORES),
            ]
        )
        for each in estimates(runs, cores)
    ]
    measured = f"{runs[-1]['examples']:,} examples, {cores} cores"
    head = ("stage", measured, "exponent", *(f"10^9, {number:,} cores" for number in CORES))
    found = limits(runs)
    matrix, tokens, pool, shards = (
        size(found[key]) for key in ("matrix_bytes", "tokens_bytes", "pool_bytes", "shard_bytes")
    )
    sizes = [
        f"The counts matrix has {found['entries'] / 1e9:.1f} billion entries, {matrix}; numbers of tokens, {tokens}.",
        f"From {found['overflow_examples'] / 1e6:,.0f} million examples on, the matrix has more than 2^31 entries and "
        "needs indices of 64 bits.",
        f"The main process had {size(found['peak'])} at most, {found['peak_an_example']:,.0f} bytes an example; "
        f"{size(found['peak_an_example'] * 1e9)} for a billion, were all of it to grow.",
        f"The pool takes {pool} as Parquet, and {shards} as shards in the cache.",
    ]
    return table(head, lines) + "\n\n" + "\n".join(f"- {line}" for line in sizes)


def table(head: Sequence[str], lines: Sequence[str]) -> str:
    return "\n".join([_line(head), "|" + "---|" * len(head), *lines])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def duration(seconds: float) -> str:
    """Two or three digits and a unit.

    >>> [duration(each) for each in (0.0004, 0.35, 12.3, 754.0, 9000.0)]
    ['0.4 ms', '0.35 s', '12.3 s', '12.6 min', '2.5 h']
    """
    if seconds < 0.1:
        return f"{seconds * 1000:.3g} ms"
    divisor, unit = next((divisor, unit) for divisor, unit in UNITS if seconds >= 2 * divisor or divisor == 1)
    return f"{seconds / divisor:.3g} {unit}" if seconds / divisor < 1000 else f"{seconds / divisor:,.0f} {unit}"


def size(number: float) -> str:
    """Bytes in MB or more.

    >>> [size(each) for each in (0, 384e6, 1.51e9, 6.1e10)]
    ['-', '384 MB', '1.51 GB', '61 GB']
    """
    if not number:
        return "-"
    divisor, unit = next(
        each for each in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")) if number >= each[0] or each[0] == 1e6
    )
    return f"{number / divisor:.3g} {unit}"


def times(ratio: float) -> str:
    """A ratio; one far below 1 as a fraction.

    >>> [times(each) for each in (345.2, 1.234, 1 / 300)]
    ['345x', '1.2x', '1/300']
    """
    if ratio < 0.05:
        return f"1/{1 / ratio:,.0f}"
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.2g}x"


def peaks(own: float, worker: float) -> str:
    return f"{size(own)}, workers {size(worker)}" if worker else size(own)


def draw(path: Path, runs: Sequence[dict[str, Any]]) -> None:
    """Time and peak memory of every stage over the size of the pool, as a PNG."""
    import matplotlib
    from matplotlib.figure import Figure

    sizes = [run["examples"] for run in runs]
    figure = Figure(figsize=(9.0, 4.0), dpi=120, layout="constrained")
    seconds, memory = figure.subplots(1, 2)
    names = list(runs[-1]["stages"])
    for name, colour in zip(names, matplotlib.colormaps["tab20"](range(len(names))), strict=True):
        each = [run["stages"][name] for run in runs]
        peak = [max(one["peak"], one["worker_peak"]) / 1e9 for one in each]
        seconds.plot(sizes, [one["seconds"] for one in each], "o-", ms=3, lw=1.2, color=colour, label=name)
        memory.plot(sizes, peak, "o-", ms=3, lw=1.2, color=colour)
    for axes, title in ((seconds, "seconds"), (memory, "peak memory of a process, GB")):
        axes.set(xscale="log", yscale="log", xlabel="examples in the pool")
        axes.set_title(title, fontsize=10, loc="left")
        axes.grid(True, color="#e6e6e6")
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    figure.savefig(path, metadata={"Software": None})
