"""AWS in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from shared.adapters.aws import secrets

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def moto() -> Iterator[None]:
    """Have every call of boto3 end in moto. What an adapter keeps for the life of a container begins anew."""
    with mock_aws():
        secrets._provider.cache_clear()
        yield
    secrets._provider.cache_clear()
