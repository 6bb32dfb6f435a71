"""No figure in docs/performance.md is typed: each stands in a block, which the `--write` of a benchmark owns."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from rich.table import Table

from benchmarks import document
from benchmarks.aims import FIGURES, figure, figure_table, print_figures, with_aims
from benchmarks.overview import BENCHMARKS, NAME, block_of, overview
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
TEXT = document.DOCUMENT.read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
_FIRST = re.compile(r"^<!-- (.+), written by a run -->$", re.MULTILINE)
_BLOCK = re.compile(r"^<!-- [^\n]+, written by a run -->\n.*?^<!-- end -->$", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_MEASUREMENT = re.compile(
    r"\d[\d,.]* ?(?:ns|µs|ms|s|seconds?|min|minutes?|[kKMG]i?B|CPU s|%|times|x)(?![\w-])|\b\d+(?:\.\d+)? to \d"
)
# Limits of services and our settings: no run can say them.
_CONSTANTS = ("25 ms of execution", "300 s", "1,200 s of execution", "1,769 MB", "1,024 MB")


def owners() -> dict[str, list[Path]]:
    """Return each name of a block that the benchmarks' code has, with the files that have it."""
    found: dict[str, list[Path]] = {}
    for path in sorted(ROOT.glob("benchmarks/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and re.fullmatch(r"bench-[a-z-]+ [a-z -]+", str(node.value)):
                found.setdefault(str(node.value), []).append(path)
    return found


def module_of(target: str) -> Path:
    """Return the folder or the file of the benchmark that a make target runs."""
    recipe = there(re.search(rf"^{target}:.*\n\t@\$\(PY\) -m (benchmarks\.\w+)", MAKEFILE, re.MULTILINE))[1]
    path = ROOT / recipe.replace(".", "/")
    return path if path.is_dir() else path.with_suffix(".py")


def typed(text: str) -> Iterator[str]:
    """Yield the lines with a measurement that no run has written."""
    for line in _FENCE.sub("", _BLOCK.sub("", text)).splitlines():
        plain = re.sub(r"`[^`]*`|\]\([^)]*\)", "", line)
        for constant in _CONSTANTS:
            plain = plain.replace(constant, "")
        if _MEASUREMENT.search(plain):
            yield line


def test_each_block_is_written_by_a_benchmark() -> None:
    """No block is an orphan, none is there twice, and no benchmark writes a block that is not there."""
    there_are = Counter(_FIRST.findall(TEXT))
    assert there_are == Counter([NAME, *owners()])
    assert TEXT.count(document.END) == sum(there_are.values())


def test_a_block_is_named_after_the_make_target() -> None:
    """The command that writes a block is read off its name, and takes `--write`."""
    for name, paths in owners().items():
        module = module_of(name.split()[0])
        assert [path for path in paths if path != module and module not in path.parents] == []
        main = module / "__main__.py" if module.is_dir() else module
        assert '"--write"' in main.read_text(encoding="utf-8")


def test_the_overview_has_every_benchmark() -> None:
    """So has `make performance`. `make bench-scale` has a page of its own."""
    targets = set(re.findall(r"^(bench-[a-z-]+):", MAKEFILE, re.MULTILINE))
    assert set(BENCHMARKS) == targets - {"bench-scale"}
    assert {name.split()[0] for name in owners()} <= set(BENCHMARKS)
    run = there(re.search(r"^performance:.*\n.*for one in ([a-z -]+);", MAKEFILE, re.MULTILINE))[1].split()
    assert [f"bench-{one}" for one in run] == list(BENCHMARKS)


def test_the_overview_is_what_the_blocks_say() -> None:
    """`python -m benchmarks.document` after a change of them that no run has made."""
    assert block_of(TEXT, NAME).strip() == overview(TEXT).strip()


def test_no_measurement_is_typed() -> None:
    """Outside the blocks stand reasons, and figures of services and settings."""
    assert list(typed(TEXT)) == []


@pytest.mark.parametrize(
    "line",
    [
        "It takes 20.4 s.",
        "a p99 of 12 ms",
        "121 MB at most",
        "1.0 CPU s",
        "2.1 times",
        "took 0.2 to 25 ms",
        "used 30.8 %",
    ],
)
def test_a_typed_measurement_would_be_found(line: str) -> None:
    """Each form in which one stood there."""
    block = f"<!-- bench-x y, written by a run -->\n{line}\n<!-- end -->\n"
    assert list(typed(f"{block}{line}\n{block}")) == [line]


@pytest.mark.parametrize("line", ["with 25 ms of execution a listing", "`1.2 s`", "13 of 14 at 10,000 mentors"])
def test_a_constant_of_a_service_may_stand(line: str) -> None:
    """What a service allows is no measurement."""
    assert list(typed(f"{line}\n")) == []


# How a block is written -----------------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document with one block, in place of the real one."""
    path = tmp_path / "performance.md"
    blocks = "".join(
        f"{document.first_line(name)}\nold\n{document.END}\n\n" for name in (NAME, "bench-nightly figures")
    )
    path.write_text(f"# Performance\n\n{blocks}after\n", encoding="utf-8")
    monkeypatch.setattr(document, "DOCUMENT", path)
    return path


def test_a_run_replaces_its_block_and_the_overview(copy: Path) -> None:
    """The aim stands beside the value, in the block and in the overview; the text around stays."""
    table = Table("way", "seconds")
    table.add_row("floor", "1.5")
    document.write_figures("bench-nightly figures", "make bench-nightly", {"nightly_ratio_1m": 3.5}, "How.", [table])
    text = copy.read_text(encoding="utf-8")
    assert "\nold\n" not in text
    assert text.endswith("| floor | 1.5 |\n<!-- end -->\n\nafter\n")
    assert "| `nightly_ratio_1m` | 3.5 | <= 3 | **not met** |" in block_of(text, "bench-nightly figures")
    assert "| `nightly_ratio_1m` | 3.5 | <= 3 | **not met** |" in block_of(text, NAME)
    assert re.search(r"\| `make bench-nightly` \| .* \| \d+ (min|s)", block_of(text, NAME))


def test_a_block_that_is_missing_is_refused(copy: Path) -> None:
    """A benchmark whose block was renamed says so, and changes nothing."""
    before = copy.read_text(encoding="utf-8")
    with pytest.raises(document.NoBlockError):
        document.write_block("bench-nightly figure", "new")
    assert copy.read_text(encoding="utf-8") == before


# Aims -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("nightly_ratio_10k", 3.0, "met"),
        ("nightly_ratio_10k", 3.01, "not met"),
        ("push_vs_patch", 7.5, "met"),
        ("push_vs_patch", 7.49, "not met"),
        ("requests_in_retry_after", 0, "met"),
        ("reconcile_vs_served_paging_100k", 1.2, "not met"),
        ("sdk_script_vs_reconcile_memory", 1.8, "met"),
        ("sdk_script_vs_reconcile_100k", 1.29, "not met"),
        ("sdk_script_vs_reconcile_1m", 1.29, ""),
        ("init_ratio_operations_reader", 1.3, "not met"),
        ("push_vs_floor", 0.4, ""),
    ],
)
def test_an_aim_is_met_or_not(name: str, value: float, verdict: str) -> None:
    """Also of a figure whose name ends with a size or a function; without an aim there is no verdict."""
    assert figure(name).verdict(value) == verdict


def test_every_figure_means_something() -> None:
    """One line each, which a table of Markdown can hold."""
    assert [name for name, one in FIGURES.items() if not one.means or "|" in one.means or "\n" in one.means] == []
    assert figure_table({"push_vs_floor": 0.4}).count("\n") == 2
    assert with_aims({"push_vs_floor": 0.4, "push_vs_patch": 8}) == {"push_vs_patch": 8}


def test_the_lines_for_machines_come_last(capsys: pytest.CaptureFixture[str]) -> None:
    """`figure NAME VALUE`, whatever the width of the terminal, after what people read."""
    print_figures(Console(width=20), {"push_vs_patch": 8.12345, "dataverse_tokens_per_s": 30123.4})
    assert capsys.readouterr().out.splitlines() == [
        "aim push_vs_patch >= 7.5: met (8.123)",
        "figure push_vs_patch 8.123",
        "figure dataverse_tokens_per_s 30123",
    ]
