"""What a cold start costs: each function of template.yaml against the imports that it cannot avoid, and by memory.

    python -m benchmarks.cold [--repeats 5] [--memory 512 1024 1769] [--write]

Ends with lines `figure NAME VALUE`. The ways take turns, so that what else the machine does meets all of them.
`--write` puts the figures and the tables into docs/performance.md. Memory sizes take control groups, which root has.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks.aims import print_figures, with_aims
from benchmarks.cold.document import MEANING, memory_table, whole_table
from benchmarks.cold.measuring import EVENTS, Cold, Ways, ways
from benchmarks.cold.processor import MB_OF_ONE_PROCESSOR, can_be_held, held_python
from benchmarks.document import write_figures
from local.stack import deployed_code

_COMMAND = "make bench-cold"


def main() -> int:
    """Measure, print, and return 0; 3 where processes cannot be held to a part of a processor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", type=int, nargs="*", default=[512, 1024, 1769])
    parser.add_argument("--write", action="store_true", help="write the figures into docs/performance.md")
    asked = parser.parse_args()
    if asked.memory and not can_be_held():
        print("A part of a processor takes control groups, which only root makes here: as root, or with --memory alone")
        return 3
    with ways() as here, tempfile.TemporaryDirectory() as folder, ExitStack() as held:
        whole_processor = (
            held.enter_context(held_python(MB_OF_ONE_PROCESSOR, Path(folder))) if can_be_held() else sys.executable
        )
        pythons = {memory: held.enter_context(held_python(memory, Path(folder))) for memory in asked.memory}
        whole = {name: _against_floor(here, name, whole_processor, asked.repeats) for name in EVENTS}
        by_memory = {name: _by_memory(here, name, pythons, asked.repeats) for name in EVENTS if pythons}
    named = {_function(name): pair for name, pair in whole.items()}
    on_whole = whole_table(named)
    of_memory = memory_table({_function(name): found for name, found in by_memory.items()}) if by_memory else None
    figures = {f"init_ratio_{name}": cold.init / floor.init for name, (cold, floor) in named.items()}
    figures |= {f"cold_total_ms_{name}": cold.total for name, (cold, _) in named.items()}
    figures["layer_mb"] = _layer_mb()
    console = Console(width=140)
    console.print(on_whole)
    if of_memory:
        console.print(of_memory)
    print_figures(console, figures)
    if asked.write:
        of = f"Medians of {asked.repeats} containers, in turn"
        shown = with_aims(figures) | {"layer_mb": figures["layer_mb"]}
        write_figures("bench-cold figures", _COMMAND, shown, f"{of}, on a whole processor.", [on_whole])
        if of_memory:
            write_figures("bench-cold memory", _COMMAND, {}, f"{of}. {MEANING}", [of_memory])
    return 0


def _against_floor(here: Ways, name: str, python: str, repeats: int) -> tuple[Cold, Cold]:
    colds, floors = [], []
    for _ in range(repeats):
        colds.append(here.function(name, python))
        floors.append(here.floor(name, python))
    return _median(colds), _median(floors)


def _by_memory(here: Ways, name: str, pythons: dict[int, str], repeats: int) -> dict[int, Cold]:
    found: dict[int, list[Cold]] = {memory: [] for memory in pythons}
    for _ in range(repeats):
        for memory, python in pythons.items():
            found[memory].append(here.function(name, python))
    return {memory: _median(colds) for memory, colds in found.items()}


def _median(colds: list[Cold]) -> Cold:
    return Cold(*(median(values) for values in zip(*colds, strict=True)))


def _function(name: str) -> str:
    return name.partition(".")[0]


def _layer_mb() -> float:
    """Return the layer's size as it is unpacked: the libraries as built, and shared/ with its bytecode."""
    folders = (deployed_code.LAYERS["SharedLayer"][1], deployed_code.ROOT / "shared")
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    sys.exit(main())
