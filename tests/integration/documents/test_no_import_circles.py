"""No module of this repository imports itself by way of others, not even for types alone."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

PACKAGES = ("functions", "shared", "operations", "emulators", "local", "benchmarks")


def test_no_module_is_in_a_circle_of_imports() -> None:
    """`if TYPE_CHECKING` counts: what a module must know of another to be read is an arrow too."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    arrows = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert sum(map(len, arrows.values())) > len(arrows), "the graph has lost its arrows"
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))
