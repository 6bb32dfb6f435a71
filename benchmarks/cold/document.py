"""The table of memory sizes, in docs/performance.md: written by a run, never typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.stack.parameters import local_template
from local.stack.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.cold.measuring import Cold

DOCUMENT: Final = ROOT / "docs" / "performance.md"
BEGIN: Final = "<!-- written by make bench-cold, begin -->"
END: Final = "<!-- end -->"
# https://aws.amazon.com/lambda/pricing/ (x86, the first tier; the init phase is paid for like the rest)
_DOLLARS_PER_GB_SECOND: Final = 0.0000166667
_DOLLARS_PER_REQUEST: Final = 0.0000002
_MILLION: Final = 1_000_000


def write_table(found: Mapping[str, Mapping[int, Cold]], repeats: int, write: bool) -> str:
    """Return the table, and put it into the document if told to. In bold: the memory that template.yaml gives."""
    given = {one.handler.split(".")[1]: one.memory_mb for one in local_template().functions}
    memories = list(next(iter(found.values())))
    lines = [
        f"Medians of {repeats} containers, in turn: init and first event, in brackets the same event again;",
        "dollars for a million cold starts / a million warm events.",
        "",
        "| function | " + " | ".join(f"{memory:,} MB" for memory in memories) + " | least time x price |",
        "|---|" + "---|" * (len(memories) + 1),
    ]
    for function, by_memory in found.items():
        cells = [_cell(cold, memory, bold=memory == given[function]) for memory, cold in by_memory.items()]
        lines.append(f"| {function} | {' | '.join(cells)} | {best(by_memory):,} MB |")
    table = "\n".join(lines)
    if write:
        text = DOCUMENT.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")
    return table


def best(by_memory: Mapping[int, Cold]) -> int:
    """Return the memory with the least product of what a caller of a new container waits and what that costs."""
    return min(by_memory, key=lambda memory: by_memory[memory].total * dollars(by_memory[memory].total, memory))


def dollars(milliseconds: float, memory_mb: int) -> float:
    """Return the price of a million invocations that take so long."""
    return _MILLION * (milliseconds / 1000 * memory_mb / 1024 * _DOLLARS_PER_GB_SECOND + _DOLLARS_PER_REQUEST)


def _cell(cold: Cold, memory: int, *, bold: bool) -> str:
    time = f"{cold.total:,.0f} ms ({cold.warm:,.0f})"
    price = f"${dollars(cold.total, memory):.2f} / ${dollars(cold.warm, memory):.2f}"
    return f"**{time}** {price}" if bold else f"{time} {price}"
