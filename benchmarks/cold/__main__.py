"""What a cold start costs: each function of template.yaml against the imports that it cannot avoid, and by memory.

    python -m benchmarks.cold [--repeats 5] [--memory 512 1024 1769] [--write]

Ends with lines `figure NAME VALUE`. The ways take turns, so that what else the machine does meets all of them.
`--write` puts the table of memory sizes into docs/performance.md. It takes control groups, which root has.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.cold.document import write_table
from benchmarks.cold.measuring import EVENTS, Cold, Ways, ways
from benchmarks.cold.processor import MB_OF_ONE_PROCESSOR, can_be_held, held_python
from local.stack import deployed_code


def main() -> int:
    """Measure, print, and return 0; 3 where processes cannot be held to a part of a processor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", type=int, nargs="*", default=[512, 1024, 1769])
    parser.add_argument("--write", action="store_true", help="write the table of memory sizes into docs/performance.md")
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
    print(f"\n{'function':<22}{'init':>9}{'floor':>9}{'ratio':>7}{'first':>9}{'warm':>9}   (ms, a whole processor)")
    for name, (cold, floor) in whole.items():
        print(
            f"{_function(name):<22}{cold.init:>9.0f}{floor.init:>9.0f}{cold.init / floor.init:>7.2f}"
            f"{cold.first:>9.0f}{cold.warm:>9.0f}"
        )
    if by_memory:
        table = write_table({_function(name): found for name, found in by_memory.items()}, asked.repeats, asked.write)
        print(f"\n{table}")
    for name, (cold, floor) in whole.items():
        print(f"figure init_ratio_{_function(name)} {cold.init / floor.init:.2f}")
    for name, (cold, _) in whole.items():
        print(f"figure cold_total_ms_{_function(name)} {cold.total:.0f}")
    print(f"figure layer_mb {_layer_mb():.1f}")
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
