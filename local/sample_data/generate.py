"""The synthetic data set: as many mentors as HLF has, with every case that a nightly check can meet.

Its mentors and coordinators do not exist. The e-mail addresses are on domains reserved for examples, and no Norwegian
telephone number of eight digits begins with 0. The same seed gives the same file, byte for byte.
"""

import csv
import io
import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from local.mentors_file.days import years_before
from local.mentors_file.mentors import COLUMNS, ORGANISATION_REQUIRED
from local.mentors_file.values import may_hold_identity_number
from local.sample_data import names

DEFAULT_SEED: Final = 20261201
DEFAULT_AS_OF: Final = date(2026, 12, 1)
DEFAULT_MENTORS: Final = 600
FEWEST_MENTORS: Final = 200
"""Fewer would not leave room for the cases of the nightly check."""
MOST_MENTORS: Final = 1_000_000
FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2090, 12, 31)
"""Certifications that ended before FIRST_DAY or last beyond this day would need dates that no mentors file may hold."""

_VALID_DAYS = 3 * 365
_ELEVEN_DIGITS = re.compile(r"\d{11}")


@dataclass(frozen=True, slots=True)
class SyntheticOrganisation:
    """One synthetic organisation: its row in organisations.csv, the days of its reminders, its share and its people."""

    name: str
    org_thresholds: bool
    thresholds: tuple[int, ...]
    reactivate_renewed: bool
    reminds_on: tuple[int, ...]
    percent: int
    areas: tuple[str, ...]
    coordinators: tuple[names.SyntheticCoordinator, ...]


# Oslo has thresholds of its own stored but not switched on, so the HLF standard applies there and day 60 is silent.
ORGANISATIONS: Final = (
    SyntheticOrganisation(
        "HLF Oslo og Akershus",
        org_thresholds=False,
        thresholds=(60, 30, 14, 7),
        reactivate_renewed=True,
        reminds_on=(30, 14, 7),
        percent=50,
        areas=names.OSLO_OG_AKERSHUS,
        coordinators=names.OSLO_COORDINATORS,
    ),
    SyntheticOrganisation(
        "HLF Vestland",
        org_thresholds=True,
        thresholds=(45, 21, 7),
        reactivate_renewed=True,
        reminds_on=(45, 21, 7),
        percent=30,
        areas=names.VESTLAND,
        coordinators=names.VESTLAND_COORDINATORS,
    ),
    SyntheticOrganisation(
        "HLF Nordland",
        org_thresholds=True,
        thresholds=(30, 14, 7, 1),
        reactivate_renewed=False,
        reminds_on=(30, 14, 7, 1),
        percent=20,
        areas=names.NORDLAND,
        coordinators=names.NORDLAND_COORDINATORS,
    ),
)


@dataclass(frozen=True, slots=True)
class _Case:
    """One mentor's part in the nightly check: the days from as_of to the expiry, and any special circumstance."""

    days: int
    status: str = "active"
    email: bool | None = None
    consent: bool | None = None
    coordinator: str | None = None  # "none", or "silent": one without an e-mail address


def generate(seed: int, as_of: date, mentors: int = DEFAULT_MENTORS) -> list[dict[str, str]]:
    """Return the rows of a mentors file. `as_of` is the day whose nightly check meets every case.

    Raise ValueError for fewer than FEWEST_MENTORS.
    """
    if mentors < FEWEST_MENTORS:
        raise ValueError(f"at least {FEWEST_MENTORS} mentors are needed to hold every case of the nightly check")
    chance = random.Random(seed)  # noqa: S311 - the file must be the same every time
    parts = [part for organisation in ORGANISATIONS for part in _parts(organisation, as_of, mentors, chance)]
    chance.shuffle(parts)
    consents = _spread({"yes": 70, "no": 30}, mentors, chance)
    locales = _spread({"nb": 80, "nn": 15, "en": 5}, mentors, chance)
    addressed = _spread({"yes": 96, "": 4}, mentors, chance)
    accompanied = _spread({"yes": 985, "none": 15}, mentors, chance)
    rows = []
    for number, (organisation, case) in enumerate(parts):
        first_name, last_name = _name(number, chance)
        coordinator = _coordinator(organisation, case.coordinator or accompanied[number], chance)
        expires_on = as_of + timedelta(days=case.days)
        has_email = bool(addressed[number]) if case.email is None else case.email
        domain = chance.choice(("example.no", "example.com"))
        rows.append(
            {
                "mentor_id": _mentor_id(chance),
                "organisation": organisation.name,
                "coordinator_name": coordinator.name if coordinator else "",
                "coordinator_email": coordinator.email if coordinator else "",
                "coordinator_locale": coordinator.locale if coordinator else "",
                "first_name": first_name,
                "last_name": last_name,
                "email": f"{_address(first_name, last_name)}.{number + 1}@{domain}" if has_email else "",
                "phone": f"+47 000 {chance.randrange(100):02} {chance.randrange(1000):03}",
                "area": chance.choice(organisation.areas),
                "status": case.status,
                "listing_consent": consents[number] if case.consent is None else _yes(case.consent),
                "locale": locales[number],
                "certified_on": years_before(expires_on, 3).isoformat(),
                "expires_on": expires_on.isoformat(),
            }
        )
    return rows


def write_dataset(
    path: Path,
    *,
    seed: int = DEFAULT_SEED,
    as_of: date = DEFAULT_AS_OF,
    mentors: int = DEFAULT_MENTORS,
) -> None:
    """Write a mentors file: UTF-8, commas, one line per mentor. Fewer than FEWEST_MENTORS miss some cases.

    Raise ValueError for a number or a day out of range.
    """
    if not 1 <= mentors <= MOST_MENTORS:
        raise ValueError(f"from 1 to {MOST_MENTORS} mentors can be made, not {mentors}")
    if not FIRST_DAY <= as_of <= LAST_DAY:
        raise ValueError(
            f"the day must lie between {FIRST_DAY} and {LAST_DAY}, so that every date around it can be used"
        )
    _write(path, list(COLUMNS), generate(seed, as_of, max(mentors, FEWEST_MENTORS))[:mentors])


def write_organisations(path: Path) -> None:
    """Write the organisations file that belongs to the data set."""
    rows = [
        {
            "name": organisation.name,
            "timezone": "Europe/Oslo",
            "org_thresholds": _yes(organisation.org_thresholds),
            "thresholds": " ".join(str(day) for day in organisation.thresholds),
            "reactivate_renewed": _yes(organisation.reactivate_renewed),
        }
        for organisation in ORGANISATIONS
    ]
    _write(path, list(ORGANISATION_REQUIRED), rows)


def _write(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode())


def _parts(
    organisation: SyntheticOrganisation, as_of: date, mentors: int, chance: random.Random
) -> Iterator[tuple[SyntheticOrganisation, _Case]]:
    """Yield the cases of one organisation.

    The cases of the nightly check come first, then an ordinary membership up to the organisation's share of the
    mentors.
    """
    cases = list(_nightly_cases(organisation, as_of))
    share = mentors * organisation.percent // 100
    if organisation is ORGANISATIONS[-1]:
        share = mentors - sum(mentors * other.percent // 100 for other in ORGANISATIONS[:-1])
    for status, permille, earliest, latest in (
        ("paused", 60, -200, _VALID_DAYS),
        ("certification_expired", 30, -700, -2),
        ("inactive", 15, -700, _VALID_DAYS),
    ):
        wanted = share * permille // 1000 - sum(case.status == status for case in cases)
        cases += [_Case(chance.randint(earliest, latest), status) for _ in range(wanted)]
    cases += [_Case(chance.randint(1, _VALID_DAYS)) for _ in range(share - len(cases))]
    return ((organisation, case) for case in cases)


def _nightly_cases(organisation: SyntheticOrganisation, as_of: date) -> Iterator[_Case]:
    days = organisation.reminds_on
    for day in days:  # due on exactly this day
        yield _Case(day, consent=True)
        yield _Case(day)
    for day, following in zip(days, (*days[1:], 0), strict=True):  # between: caught up, earlier ones collapsed
        if day - following > 1:
            yield _Case((day + following) // 2)
    yield _Case(days[0], email=False)  # only the coordinator's digest reports it
    yield _Case(days[-1], coordinator="none")
    if any(not person.email for person in organisation.coordinators):
        yield _Case(days[-1], coordinator="silent")
    yield _Case(days[0] + 1)  # due tomorrow
    for day in set(organisation.thresholds) - set(days):  # stored, but not switched on: nothing happens
        yield _Case(day)
    yield _Case(0, consent=True)  # the last valid day
    yield _Case(0)
    yield _Case(-1, consent=True)  # expires tonight and leaves the website
    yield _Case(-1, consent=False)
    yield _Case(-3, consent=True)  # nightly checks were missed
    yield _Case(-10)
    yield _Case(-1, "paused", consent=True)  # a pause wins over the expiry
    yield _Case(days[0], "paused")  # no reminder while paused
    yield _Case(-1, "inactive")
    yield _Case(-20, "certification_expired", consent=True)
    yield _Case(-200, "certification_expired")
    yield _Case(1094, "certification_expired", consent=True)  # renewed since: reactivated where that is switched on
    yield _Case(1001, "certification_expired")
    yield _Case((_next_leap_day(as_of) - as_of).days)


def _next_leap_day(as_of: date) -> date:
    year = as_of.year
    while not (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) and date(year, 2, 29) > as_of):
        year += 1
    return date(year, 2, 29)


def _spread(weights: dict[str, int], count: int, chance: random.Random) -> list[str]:
    """Return as many of each value as its weight gives, in random order; the first value takes the rounding."""
    total = sum(weights.values())
    values = [value for value, weight in weights.items() for _ in range(count * weight // total)]
    values += [next(iter(weights))] * (count - len(values))
    chance.shuffle(values)
    return values


def _coordinator(
    organisation: SyntheticOrganisation, which: str, chance: random.Random
) -> names.SyntheticCoordinator | None:
    if which == "none":
        return None
    if which == "silent":
        return next(person for person in organisation.coordinators if not person.email)
    return chance.choice(organisation.coordinators)


def _name(number: int, chance: random.Random) -> tuple[str, str]:
    if number < len(names.WHOLE_NAMES):
        return names.WHOLE_NAMES[number]
    return chance.choice(names.FIRST_NAMES), chance.choice(names.LAST_NAMES)


_SPELLED = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "đ": "d", "ŋ": "n", "ŧ": "t", "ł": "l"})


def _address(first_name: str, last_name: str) -> str:
    """Return the part before the @, short enough for any name."""
    letters = unicodedata.normalize("NFKD", f"{first_name}.{last_name}".lower().translate(_SPELLED))
    return "".join(letter for letter in letters if letter in "abcdefghijklmnopqrstuvwxyz.-")[:50].strip(".-")


def _mentor_id(chance: random.Random) -> str:
    """Return an id without eleven digits in a row, so that a file can be searched for identity numbers."""
    while True:
        text = str(UUID(int=chance.getrandbits(128), version=4))
        if not may_hold_identity_number(text) and not _ELEVEN_DIGITS.search(text):
            return text


def _yes(value: bool) -> str:
    return "yes" if value else "no"
