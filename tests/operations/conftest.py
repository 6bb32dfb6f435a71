"""Everything here is typed by a person who has the login of operations, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operations.wording import speech
from shared.domain.alerts import Language
from shared.domain.commands import Target
from tests.support.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase


@pytest.fixture
def operator(database: TestDatabase) -> Operator:
    """A person with the login of operations for the test's database."""
    return Operator.of(database.login("Operations"))


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A command is a process of its own; here one process runs several."""
    yield
    speech.use(Language.EN, Target())
