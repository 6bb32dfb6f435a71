"""A measurement of how long a status change takes to reach the website.

It uses mentors created for it, so that it writes into the log of no other mentor.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

from local.demo import website

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from local.demo.website import Latency

_MENTORS = 40


def measure(dsn: str, url: str, catch_up: Callable[[], None]) -> Latency:
    """Pause and resume mentors that exist only for this measurement. `catch_up` waits for the website."""
    with _made(dsn) as mentors:
        catch_up()
        times = website.times_to_site(dsn, url, mentors, catch_up=catch_up)
    catch_up()
    return website.summary(times)


@contextmanager
def _made(dsn: str) -> Iterator[list[UUID]]:
    """Yield certified mentors without addresses, in an organisation of their own. Delete all traces at the end."""
    organisation, mentors = uuid4(), [uuid4() for _ in range(_MENTORS)]
    with psycopg.connect(dsn, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("INSERT INTO public.organisations (id, name) VALUES (%s, 'Measured')", (organisation,))
            connection.execute(
                "INSERT INTO public.peer_mentors (id, organisation_id, first_name, last_name, listing_consent)"
                " SELECT u.id, %s, 'Measured', 'Mentor', true FROM unnest(%s::uuid[]) AS u (id)",
                (organisation, mentors),
            )
            connection.execute(
                "INSERT INTO public.certifications (mentor_id, certified_on, expires_on)"
                " SELECT u.id, current_date, current_date + 365 FROM unnest(%s::uuid[]) AS u (id)",
                (mentors,),
            )
        try:
            yield mentors
        finally:
            with connection.transaction():
                connection.execute("DELETE FROM public.mentor_status_log WHERE mentor_id = ANY (%s)", (mentors,))
                connection.execute("DELETE FROM public.peer_mentors WHERE id = ANY (%s)", (mentors,))
                connection.execute("DELETE FROM public.organisations WHERE id = %s", (organisation,))
