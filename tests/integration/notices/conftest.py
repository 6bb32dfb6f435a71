"""Mails, as the sender, SES and the sweep see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.foundation import DAY, days
from tests.support.mails import Mails

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions


@pytest.fixture
def mails(database: TestDatabase, foundation: Foundation) -> Iterator[Mails]:
    with Mails(database.login, foundation) as mails:
        yield mails


@dataclass(frozen=True)
class People:
    """An organisation with its coordinator, and mentors with the addresses `N@example.no`."""

    organisation: UUID
    coordinator: UUID
    mentors: list[UUID]


@pytest.fixture
def reminded(foundation: Foundation, functions: Functions) -> Callable[..., People]:
    """Makes mentors who are due, and runs the nightly check: each has a reminder to be sent."""

    def make(count: int = 1) -> People:
        organisation = foundation.organisation()
        turid = foundation.coordinator(organisation)
        mentors = [
            foundation.mentor(organisation, DAY + days(7), coordinator=turid, email=f"{number}@example.no")
            for number in range(count)
        ]
        functions.nightly_check(DAY)
        return People(organisation, turid, mentors)

    return make
