"""Parallel work in a few threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def in_parallel[Task](tasks: Sequence[Task], work: Callable[[Task], None], at_a_time: Callable[[], int]) -> None:
    """Call `work` with each task, started in order.

    `at_a_time` is called before each task: the number of threads may shrink, to 1 at least. An error of `work` is
    raised here after the started tasks have ended; no other task is started.
    """
    waiting = iter(tasks)
    lock = Lock()
    broken = Event()

    def worker(number: int) -> None:
        while not broken.is_set() and number < max(at_a_time(), 1):
            with lock:
                task = next(waiting, None)
            if task is None:
                return
            try:
                work(task)
            except BaseException:
                broken.set()
                raise

    workers = min(at_a_time(), len(tasks))
    if workers <= 1:
        worker(0)
        return
    with ThreadPoolExecutor(workers) as pool:
        for ended in [pool.submit(worker, number) for number in range(workers)]:
            ended.result()
