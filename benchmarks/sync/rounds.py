"""The ways in turn, so that other load on the machine affects all of them."""

from __future__ import annotations

import sys
from collections import defaultdict
from contextlib import contextmanager
from math import ceil
from statistics import median
from typing import TYPE_CHECKING, Final

import httpx

from benchmarks.sync.pushes import UnfairComparisonError, by_consumer, by_senders, check_rows, prepare
from benchmarks.sync.script import RIVAL_PYTHON, script
from benchmarks.sync.senders import senders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.sync.pushes import Push, Work
    from benchmarks.sync.script import Script, ScriptForm
    from benchmarks.sync.senders import Senders
    from benchmarks.sync.stack import Bench, Progress

    type SdkWay = tuple[str, int]

CONSUMER: Final = "consumer"
FLOOR: Final = "floor"
PATCH: Final = "one PATCH per listing"
SDK: Final = "official SDK"
SCRIPT_PLAIN: Final = "script, plain"
SCRIPT_BEST: Final = "script, best"

# records.upsert with this many rows at a time, and batch with this many upserts of one row.
_SDK_WAYS: Final[tuple[SdkWay, ...]] = tuple(
    (way, size) for way in ("UpsertMultiple", "batch") for size in (100, 250, 1000)
)
_TRIALS: Final = 2


class Rivals:
    """Programs that push the same listings.

    There are as many processes as the consumer has requests under way; the script has its own number.
    """

    def __init__(self, bench: Bench, raw: Senders, sdk: Senders, script: Script) -> None:
        self._bench = bench
        self._raw = raw
        self._sdk = sdk
        self.script = script
        self.sdk_way = _SDK_WAYS[0]
        self._batch_size = 1

    def find_ways(self) -> tuple[dict[SdkWay, float], dict[ScriptForm, float]]:
        """Try the SDK's ways and the script's forms, keep the quickest, and return the median seconds of each.

        The floor's batches get the size of those that the consumer sends.
        """
        work = prepare(self._bench)
        taken: defaultdict[SdkWay, list[float]] = defaultdict(list)
        self._by_sdk(work, _SDK_WAYS[0])  # the first run is cold and does not count
        for way in _SDK_WAYS * _TRIALS:
            taken[way].append(self._by_sdk(work, way).settled)
        medians = {way: median(seconds) for way, seconds in taken.items()}
        self.sdk_way = min(medians, key=medians.__getitem__)
        work = prepare(self._bench)
        forms = self.script.find_forms(work)
        self._batch_size = ceil(len(work.changes) / by_consumer(self._bench, work).requests)
        self._bench.catch_up()
        return medians, forms

    def rounds(self, repeats: int, progress: Progress) -> dict[str, list[Push]]:
        """Push the same changes in every way, `repeats` times, starting each time with another way."""
        ways: dict[str, Callable[[Work], Push]] = {
            CONSUMER: lambda work: by_consumer(self._bench, work),
            FLOOR: lambda work: by_senders(self._bench, work, self._raw, work.batches(self._batch_size)),
            PATCH: lambda work: by_senders(self._bench, work, self._raw, work.patches()),
            SDK: lambda work: self._by_sdk(work, self.sdk_way),
            SCRIPT_PLAIN: lambda work: self.script.push(work, self.script.plain),
            SCRIPT_BEST: lambda work: self.script.push(work, self.script.best),
        }
        pushes: dict[str, list[Push]] = {name: [] for name in ways}
        for repeat in range(repeats):
            work = prepare(self._bench)
            names = list(ways)
            for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
                try:
                    pushes[name].append(ways[name](work))
                except UnfairComparisonError as error:
                    raise UnfairComparisonError(f"{name}: {error}") from None
            check_rows(self._bench, work)
            taken = ", ".join(f"{name} {pushes[name][-1].settled:.2f} s" for name in names)
            progress(f"Repeat {repeat + 1} of {repeats}: {taken}")
        return pushes

    def _by_sdk(self, work: Work, way: SdkWay) -> Push:
        return by_senders(self._bench, work, self._sdk, work.listings(), way)


@contextmanager
def rivals(bench: Bench, token: str) -> Iterator[Rivals]:
    """Yield the programs, started, signed in and connected."""
    workers, parallel = bench.in_hand()
    raw = [sys.executable, "-m", "benchmarks.sync.sender", bench.url, token]
    sdk = [str(RIVAL_PYTHON), "-P", "-m", "benchmarks.sync.sdk_sender"]
    sdk += [bench.url, token, "hlf_PeerMentor", "hlf_mentorid"]
    with (
        senders("sender", raw, workers * parallel, bench.stack.home) as plain,
        senders("sdk", sdk, workers * parallel, bench.stack.home) as official,
        script(bench, token) as scripts,
    ):
        yield Rivals(bench, plain, official, scripts)


def token_for(bench: Bench) -> str:
    """Return a token as the functions get one."""
    service = bench.stack.dataverse
    form = {
        "grant_type": "client_credentials",
        "client_id": service.client_id,
        "client_secret": service.client_secret,
        "scope": f"{service.url}/.default",
    }
    return str(httpx.post(service.token_url, data=form).raise_for_status().json()["access_token"])
