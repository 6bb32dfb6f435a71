"""Define the cases that one nightly check can meet, and spread them over the organisations."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from local.sample_data.organisations import ORGANISATIONS, SyntheticOrganisation

_VALID_DAYS = 3 * 365


@dataclass(frozen=True, slots=True)
class Case:
    """One mentor's part in the nightly check: the days from as_of to the expiry, and any special circumstance."""

    days: int
    status: str = "active"
    email: bool | None = None
    consent: bool | None = None
    coordinator: str | None = None  # "none", or "silent": one without an e-mail address


def cases(
    organisation: SyntheticOrganisation, as_of: date, mentors: int, chance: random.Random
) -> Iterator[tuple[SyntheticOrganisation, Case]]:
    """Return the cases of one organisation.

    The cases of the nightly check come first, then an ordinary membership up to the organisation's share of the
    mentors.
    """
    found = list(_nightly_cases(organisation, as_of))
    share = mentors * organisation.percent // 100
    if organisation is ORGANISATIONS[-1]:
        share = mentors - sum(mentors * other.percent // 100 for other in ORGANISATIONS[:-1])
    for status, permille, earliest, latest in (
        ("paused", 60, -200, _VALID_DAYS),
        ("certification_expired", 30, -700, -2),
        ("inactive", 15, -700, _VALID_DAYS),
    ):
        wanted = share * permille // 1000 - sum(case.status == status for case in found)
        found += [Case(chance.randint(earliest, latest), status) for _ in range(wanted)]
    found += [Case(chance.randint(1, _VALID_DAYS)) for _ in range(share - len(found))]
    return ((organisation, case) for case in found)


def _nightly_cases(organisation: SyntheticOrganisation, as_of: date) -> Iterator[Case]:
    days = organisation.reminds_on
    for day in days:  # due on exactly this day
        yield Case(day, consent=True)
        yield Case(day)
    for day, following in zip(days, (*days[1:], 0), strict=True):  # between: caught up, earlier ones collapsed
        if day - following > 1:
            yield Case((day + following) // 2)
    yield Case(days[0], email=False)  # only the coordinator's digest reports it
    yield Case(days[-1], coordinator="none")
    if any(not person.email for person in organisation.coordinators):
        yield Case(days[-1], coordinator="silent")
    yield Case(days[0] + 1)  # due tomorrow
    for day in set(organisation.thresholds) - set(days):  # stored, but not switched on: nothing happens
        yield Case(day)
    yield Case(0, consent=True)  # the last valid day
    yield Case(0)
    yield Case(-1, consent=True)  # expires tonight and leaves the website
    yield Case(-1, consent=False)
    yield Case(-3, consent=True)  # nightly checks were missed
    yield Case(-10)
    yield Case(-1, "paused", consent=True)  # a pause wins over the expiry
    yield Case(days[0], "paused")  # no reminder while paused
    yield Case(-1, "inactive")
    yield Case(-20, "certification_expired", consent=True)
    yield Case(-200, "certification_expired")
    yield Case(1094, "certification_expired", consent=True)  # renewed since: reactivated where that is switched on
    yield Case(1001, "certification_expired")
    yield Case((_next_leap_day(as_of) - as_of).days)


def _next_leap_day(as_of: date) -> date:
    year = as_of.year
    while not (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) and date(year, 2, 29) > as_of):
        year += 1
    return date(year, 2, 29)
