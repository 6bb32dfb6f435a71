"""Reading the website against the emulator: every row or an error, whatever the service does in the middle of it."""

from __future__ import annotations

import threading
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.faults.rules import FaultKind, Rule
from emulators.dataverse.process import LocalDataverse
from local.stack.dataverse import TABLES
from shared.adapters.dataverse.reader import DataverseReader
from shared.adapters.dataverse.service import Service
from shared.domain.errors import (
    WebsiteAuthError,
    WebsiteBackoffError,
    WebsiteMisconfiguredError,
    WebsiteUnavailableError,
)
from tests.support.website_wire import KEY, TABLE, FakeSecrets
from tests.support.website_wire import FakeBackoff as OneThread

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 23
SIZE = 5
COLUMNS = (KEY, "hlf_area", "statecode")
PAGE: dict[str, Any] = {"method": "GET", "path": f"^{TABLE}$"}


class EndingBackoff(OneThread):
    """One that opens again."""

    def seconds_left(self) -> float:
        super().seconds_left()
        return max(self.wait - time.monotonic(), 0.0)

    def block_for(self, seconds: float, reason: str) -> None:
        super().block_for(time.monotonic() + seconds, reason)


class ReaderClient:
    """A container's client of the emulator, which has its token."""

    def __init__(self, dataverse):
        self.backoff = EndingBackoff()
        self.seconds = 60.0
        known = ("tenant_id", "client_id", "client_secret")
        self.service = Service(
            dataverse.url, dataverse.url, FakeSecrets({name: getattr(dataverse, name) for name in known})
        )
        self.reader = self.with_pages(SIZE)

    def with_pages(self, size):
        return DataverseReader(
            self.service, self.backoff, time_left=lambda: self.seconds, batch_size=4, parallel=3, page_size=size
        )

    def pages(self, columns=COLUMNS):
        return self.reader.pages(TABLE, columns)

    def keys(self):
        return [row[KEY] for page in self.pages() for row in page]

    def rows(self, *keys, columns=COLUMNS):
        return self.reader.rows(TABLE, KEY, keys, columns)


@pytest.fixture(scope="module")
def dataverse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDataverse]:
    with LocalDataverse(tmp_path_factory.mktemp("dataverse"), schema=TABLES) as dataverse:
        yield dataverse


@pytest.fixture
def emulator(dataverse: LocalDataverse) -> Iterator[EmulatorControl]:
    with EmulatorControl(dataverse.url) as emulator:
        emulator.reset()
        fill(emulator, ROWS)
        yield emulator


@pytest.fixture
def client(dataverse: LocalDataverse, emulator: EmulatorControl) -> Iterator[ReaderClient]:
    client = ReaderClient(dataverse)
    yield client
    client.service.close()


def fill(emulator, count, first=0):
    emulator.fill(
        {
            "hlf_peermentorid": f"{number:08x}-0000-4000-8000-000000000000",
            KEY: f"m{number}",
            "hlf_area": f"Møre {number}",
            "statecode": number % 2,
        }
        for number in range(first, first + count)
    )


def every_key():
    return {f"m{number}" for number in range(ROWS)}


def page_requests(emulator):
    return [entry for entry in emulator.journal() if entry.path == TABLE]


def reading_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("pages")]


# Pages


def test_every_row_comes_once_with_its_id_and_each_column(client: ReaderClient) -> None:
    """Every row comes once, shown or hidden, with its own id and each column."""
    pages = list(client.pages())
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    rows = {row[KEY]: row for page in pages for row in page}
    assert rows.keys() == every_key()
    assert (rows["m7"]["hlf_area"], rows["m7"]["statecode"]) == ("Møre 7", 1)
    assert rows["m7"]["hlf_peermentorid"] == "00000007-0000-4000-8000-000000000000"


def test_a_table_without_rows_is_one_empty_page(client: ReaderClient, emulator: EmulatorControl) -> None:
    emulator.reset()
    assert list(client.pages()) == [[]]


def test_the_next_page_and_only_that_is_on_its_way_early(client: ReaderClient, emulator: EmulatorControl) -> None:
    """The next page is on its way before the caller asks, and only the next."""
    pages, asked = client.pages(), []
    for number in range(2, 6):
        asked.append(time.time())
        next(pages)
        deadline = time.monotonic() + 5
        while len(page_requests(emulator)) < min(number, 5):
            assert time.monotonic() < deadline, "the next page was not asked for"
    arrived = [entry.arrived for entry in page_requests(emulator)]
    assert len(arrived) == 5
    assert all(early <= late for early, late in zip(asked[1:], arrived[2:], strict=True))


def test_memory_does_not_grow_with_the_table(client: ReaderClient, emulator: EmulatorControl) -> None:
    """Requirement 2: memory does not grow with the number of listings."""

    def peak():
        tracemalloc.start()
        for _ in client.with_pages(500).pages(TABLE, (KEY, "hlf_area")):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    fill(emulator, 2000, first=ROWS)
    peak()  # what is made once
    few = peak()
    fill(emulator, 6000, first=3000)
    assert peak() < few * 1.6  # four times the rows; httpx leaves a little for the garbage collector


def test_leaving_early_ends_the_thread(client: ReaderClient, emulator: EmulatorControl) -> None:
    pages = client.pages()
    next(pages)
    pages.close()
    assert reading_threads() == []
    assert len(page_requests(emulator)) == 2


def test_leaving_does_not_wait_for_a_time_to_wait_to_be_over(client: ReaderClient, emulator: EmulatorControl) -> None:
    emulator.fail_next(status=429, retry_after=20, skip=1, **PAGE)
    pages = client.pages()
    next(pages)
    deadline = time.monotonic() + 5
    while not client.backoff.blocked:
        assert time.monotonic() < deadline
    began = time.monotonic()
    pages.close()
    assert time.monotonic() - began < 2
    assert reading_threads() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": FaultKind.STATUS, "status": 503},
        {"kind": FaultKind.STATUS, "status": 500},
        {"kind": FaultKind.RESET_BEFORE},
        {"kind": FaultKind.TRUNCATE},
    ],
    ids=str,
)
def test_a_page_that_fails_once_is_read_again(client: ReaderClient, emulator: EmulatorControl, fault: Any) -> None:
    emulator.fault(Rule(count=1, skip=2, **PAGE, **fault))
    keys = client.keys()
    assert (len(keys), set(keys)) == (ROWS, every_key())
    assert len(page_requests(emulator)) == 6


def test_a_token_that_ends_in_the_middle_is_replaced(client: ReaderClient, emulator: EmulatorControl) -> None:
    emulator.fault(Rule(kind=FaultKind.EXPIRE_TOKENS, count=1, skip=2, **PAGE))
    assert len(client.keys()) == ROWS


def test_a_short_time_to_wait_is_waited_for(client: ReaderClient, emulator: EmulatorControl) -> None:
    """A short time to wait is waited for and nothing is sent in it.

    I9.
    """
    emulator.fail_next(status=429, retry_after=1, skip=2, **PAGE)
    assert len(client.keys()) == ROWS
    assert len(client.backoff.blocked) == 1
    assert emulator.summary()["in_retry_after"] == 0


def test_a_long_time_to_wait_ends_the_reading(client: ReaderClient, emulator: EmulatorControl) -> None:
    """I9: the backoff is everybody's, and the next run tries again."""
    client.seconds = 600.0
    emulator.fail_next(status=429, retry_after=60, skip=2, **PAGE)
    with pytest.raises(WebsiteBackoffError) as caught:
        client.keys()
    assert caught.value.seconds == 60
    assert len(page_requests(emulator)) == 3


def test_a_backoff_of_another_worker_holds_for_pages_too(client: ReaderClient, emulator: EmulatorControl) -> None:
    """A backoff that another worker has started holds for pages too.

    I9.
    """
    pages = client.pages()
    next(pages)
    next(pages)
    client.backoff.block_for(100, "another worker")
    with pytest.raises(WebsiteBackoffError):
        list(pages)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": FaultKind.STATUS, "status": 503}, "dataverse_503"),
        ({"kind": FaultKind.TRUNCATE}, "dataverse_reply_cut_off"),
        ({"kind": FaultKind.RESET_BEFORE}, "dataverse_ReadError"),
    ],
    ids=str,
)
def test_a_website_that_stays_down_is_no_end_of_the_table(
    client: ReaderClient, emulator: EmulatorControl, fault: Any, code: str
) -> None:
    """A website that stays down in the middle is no end of the table.

    Requirement 2: tried as long as there is time, and then an error, after the pages that came.
    """
    client.seconds = 5.3
    emulator.fault(Rule(skip=2, **PAGE, **fault))
    pages = client.pages()
    assert [len(next(pages)) for _ in range(2)] == [5, 5]
    with pytest.raises(WebsiteUnavailableError) as caught:
        next(pages)
    assert str(caught.value) == code
    assert len(page_requests(emulator)) == 4
    assert reading_threads() == []


def test_without_time_nothing_is_asked_for(client: ReaderClient, emulator: EmulatorControl) -> None:
    client.seconds = 0.5
    with pytest.raises(WebsiteUnavailableError, match="no_time_left"):
        client.keys()
    assert emulator.journal() == []


def test_losing_the_right_to_read_in_the_middle_is_a_refusal(client: ReaderClient, emulator: EmulatorControl) -> None:
    """I10."""
    pages = client.pages()
    next(pages)
    next(pages)
    emulator.remove_privilege("read")
    with pytest.raises(WebsiteAuthError, match="dataverse_403"):
        list(pages)


def test_a_column_that_is_not_there_is_a_wrong_setting(client: ReaderClient) -> None:
    with pytest.raises(WebsiteMisconfiguredError, match="dataverse_400"):
        list(client.pages(["hlf_nothing"]))


@pytest.mark.parametrize(("table", "columns"), [("hlf_peermentors?a", [KEY]), (TABLE, ["a,b"]), (TABLE, [""])])
def test_a_name_that_would_change_an_address_is_never_sent(
    client: ReaderClient, emulator: EmulatorControl, table: Any, columns: Any
) -> None:
    """A name that would say something else in an address is never sent."""
    with pytest.raises(WebsiteMisconfiguredError, match="not_an_identifier"):
        client.reader.pages(table, columns)
    with pytest.raises(WebsiteMisconfiguredError, match="not_an_identifier"):
        client.reader.rows(table, KEY, ["m1"], columns)
    assert emulator.journal() == []


# Rows


def test_rows_come_in_order_and_what_is_not_there_is_none(client: ReaderClient, emulator: EmulatorControl) -> None:
    found = client.rows("m3", "m99", "m22", "m0", "m3", "m98")
    assert [row and row["hlf_area"] for row in found] == ["Møre 3", None, "Møre 22", "Møre 0", "Møre 3", None]
    assert found[0]["hlf_peermentorid"] == "00000003-0000-4000-8000-000000000000"
    batches = [entry for entry in emulator.journal() if entry.path == "$batch"]
    assert sorted(entry.operations for entry in batches) == [3, 3]
    assert client.rows() == []


def test_what_could_not_be_read_and_nothing_else_is_read_again(client: ReaderClient, emulator: EmulatorControl) -> None:
    emulator.fail_next(path=r"\$batch")
    emulator.poison("'m7'", status=503, count=1)
    assert [row[KEY] for row in client.rows(*(f"m{number}" for number in range(8)))] == [f"m{n}" for n in range(8)]
    operations = [entry.operations for entry in emulator.journal() if entry.path == "$batch"]
    # The failed batch counts none. Its four, the other four, and m7 once more: nine, however they are divided.
    assert sum(operations) == 9


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "0x80048d19", WebsiteMisconfiguredError),
        (403, "0x80040220", WebsiteMisconfiguredError),
        (403, "0x80072560", WebsiteAuthError),
        (404, "0x8006088a", WebsiteMisconfiguredError),
        (503, "0x80040216", WebsiteUnavailableError),
    ],
)
def test_a_row_that_cannot_be_read_is_not_taken_for_missing(
    client: ReaderClient, emulator: EmulatorControl, status: int, code: str, error: Any
) -> None:
    """A row that cannot be read is never taken for one that is not there."""
    client.seconds = 5.2
    emulator.poison("'m7'", status=status, code=code)
    with pytest.raises(error, match=f"dataverse_{status}_{code}"):
        client.rows("m6", "m7", "m8")


def test_a_time_to_wait_for_one_row_closes_the_backoff_for_all(client: ReaderClient, emulator: EmulatorControl) -> None:
    """I9."""
    emulator.fault(Rule(kind=FaultKind.STATUS, where="operation", contains="'m7'", status=429, retry_after=60))
    with pytest.raises(WebsiteBackoffError) as caught:
        client.rows("m6", "m7", "m8")
    assert caught.value.seconds == 60
    assert len(client.backoff.blocked) == 1
