"""A container's check of tokens beside a local identity provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.sign_in import SignedIn

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def signed_in() -> Iterator[SignedIn]:
    """The check, with the provider running and no keys fetched yet."""
    with SignedIn() as here:
        yield here
