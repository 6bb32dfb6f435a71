"""The tables of the cold starts: on a whole processor, and by memory, in which the price is worked out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from local.stack.parameters import local_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.cold.measuring import Cold

# https://aws.amazon.com/lambda/pricing/ (x86, the first tier; the init phase is paid for like the rest)
_DOLLARS_PER_GB_SECOND: Final = 0.0000166667
_DOLLARS_PER_REQUEST: Final = 0.0000002
_MILLION: Final = 1_000_000
_RATIO: Final = 2
MEANING: Final = """A cell is init and the first event, in brackets the same event again;
dollars for a million cold starts / a million warm events. In bold: the memory in template.yaml."""


def whole_table(found: Mapping[str, tuple[Cold, Cold]]) -> Table:
    """Return the table of each function and its floor, in milliseconds on a whole processor."""
    table = Table("function", "init", "floor", "init : floor", "first event", "the same again")
    for function, (cold, floor) in found.items():
        times = (cold.init, floor.init, cold.init / floor.init, cold.first, cold.warm)
        table.add_row(function, *(f"{x:.2f}" if number == _RATIO else f"{x:,.0f} ms" for number, x in enumerate(times)))
    return table


def memory_table(found: Mapping[str, Mapping[int, Cold]]) -> Table:
    """Return the table of memory sizes. In bold: the memory that template.yaml gives."""
    given = {one.handler.split(".")[1]: one.memory_mb for one in local_template().functions}
    memories = list(next(iter(found.values())))
    table = Table("function", *(f"{memory:,} MB" for memory in memories), "least time x price")
    for function, by_memory in found.items():
        cells = [_cell(cold, memory, bold=memory == given[function]) for memory, cold in by_memory.items()]
        table.add_row(function, *cells, f"{best(by_memory):,} MB")
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
