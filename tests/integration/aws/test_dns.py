"""The look-up of TXT records, by a real server over UDP."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from emulators.dns.server import LocalDns
from shared.adapters.dns import texts_of
from shared.domain.errors import OperationsUnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[LocalDns]:
    with LocalDns({"_dmarc.hlf.no": ["v=DMARC1; p=reject"], "hlf.no": []}) as server:
        yield server


def test_the_records_of_a_name_are_returned(server: LocalDns) -> None:
    """A record in several strings is one text; the case of the name does not matter."""
    server.texts["_dmarc.hlf.no"] = ["v=DMARC1; p=reject; rua=" + "x" * 600, 'a "b"']
    assert sorted(texts_of("_DMARC.hlf.no", server.address), key=len) == [
        'a "b"',
        "v=DMARC1; p=reject; rua=" + "x" * 600,
    ]


def test_no_such_name_and_no_such_record_are_no_records(server: LocalDns) -> None:
    assert texts_of("hlf.no", server.address) == ()
    assert texts_of("other.no", server.address) == ()


def test_a_search_domain_is_never_added(server: LocalDns) -> None:
    """The name server of a network may know the name below its own domain."""
    texts_of("other.no", server.address)
    assert server.queries == ["other.no"]


def test_a_server_that_fails_is_no_missing_record(server: LocalDns) -> None:
    """What cannot be looked up could not be checked."""
    server.fails = True
    with pytest.raises(OperationsUnreachableError, match="dns_NoNameservers"):
        texts_of("_dmarc.hlf.no", server.address)


def test_a_silent_server_is_waited_for_briefly(server: LocalDns) -> None:
    """I18."""
    server.is_silent = True
    begun = time.monotonic()
    with pytest.raises(OperationsUnreachableError, match="dns_LifetimeTimeout"):
        texts_of("_dmarc.hlf.no", server.address)
    assert time.monotonic() - begun < 6


def test_a_server_that_is_away_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OperationsUnreachableError, match="dns_"):
        texts_of("_dmarc.hlf.no", f"127.0.0.1:{port}")


@pytest.mark.parametrize("name", ["a..no", "x" * 64 + ".no", "_dmarc." + "long." * 60 + "no"])
def test_a_name_that_is_none_is_said(server: LocalDns, name: str) -> None:
    with pytest.raises(OperationsUnreachableError, match="dns_"):
        texts_of(name, server.address)
