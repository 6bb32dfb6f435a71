"""The synthetic data set: as many mentors as HLF has, with every case that a nightly check can meet.

Its mentors and coordinators do not exist. The e-mail addresses are on domains reserved for examples, and no Norwegian
telephone number of eight digits begins with 0. The same seed gives the same file, byte for byte.
"""

import csv
import io
import random
import re
import unicodedata
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from local.mentors_file.cell_text import may_hold_identity_number
from local.mentors_file.days import years_before
from local.mentors_file.mentors import COLUMNS, ORGANISATION_REQUIRED
from local.sample_data import names
from local.sample_data.cases import cases
from local.sample_data.organisations import ORGANISATIONS, SyntheticOrganisation

DEFAULT_SEED: Final = 20261201
DEFAULT_AS_OF: Final = date(2026, 12, 1)
DEFAULT_MENTORS: Final = 600
FEWEST_MENTORS: Final = 200
"""The fewest that leave room for every case of the nightly check."""
MOST_MENTORS: Final = 1_000_000
FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2090, 12, 31)
"""Certifications that ended before FIRST_DAY or last beyond this day would need dates that no mentors file may hold."""

_ELEVEN_DIGITS = re.compile(r"\d{11}")


def generate(seed: int, as_of: date, mentors: int = DEFAULT_MENTORS) -> list[dict[str, str]]:
    """Return the rows of a mentors file. `as_of` is the day whose nightly check meets every case.

    Raise ValueError for fewer than FEWEST_MENTORS.
    """
    if mentors < FEWEST_MENTORS:
        raise ValueError(f"at least {FEWEST_MENTORS} mentors are needed to hold every case of the nightly check")
    chance = random.Random(seed)  # noqa: S311 - the file must be the same every time
    parts = [part for organisation in ORGANISATIONS for part in cases(organisation, as_of, mentors, chance)]
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
