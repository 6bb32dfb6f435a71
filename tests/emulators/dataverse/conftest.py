"""The emulators of these tests: one in this process, whose state is at hand, and one as a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import dataverse_queries
from tests.support.dataverse_process import Caller, fresh, process
from tests.support.dataverse_service import RunningEmulator, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.dataverse.client import EmulatorControl
    from emulators.dataverse.process import LocalDataverse


@pytest.fixture(scope="module")
def module_service() -> Iterator[RunningEmulator]:
    """An emulator in a thread of this process, for a module."""
    with running() as service:
        yield service


@pytest.fixture
def service(module_service: RunningEmulator) -> RunningEmulator:
    """The emulator of the module as new."""
    module_service.reset()
    return module_service


@pytest.fixture
def examples(module_service: RunningEmulator) -> RunningEmulator:
    """The emulator of the module with the rows of dataverse_queries.py and no others."""
    return dataverse_queries.examples(module_service)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDataverse]:
    """An emulator as a process of its own, for a module."""
    with process(tmp_path_factory.mktemp("dataverse")) as emulator:
        yield emulator


@pytest.fixture
def caller(emulator: LocalDataverse) -> Iterator[Caller]:
    """A client of the module's process, which is as new."""
    with fresh(emulator) as client:
        yield client


@pytest.fixture
def control(caller: Caller) -> EmulatorControl:
    """The control API of the module's process."""
    return caller.control
