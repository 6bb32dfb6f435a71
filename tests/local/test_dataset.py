"""The committed data set is the one its seed makes, and a nightly check on it meets every case."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from local.mentors_file.mentors import (
    COLUMNS,
    ORGANISATION_COLUMNS,
    holds_identity_number,
    read_mentors,
    read_organisations,
)
from local.sample_data.generate import (
    DEFAULT_AS_OF,
    DEFAULT_SEED,
    FEWEST_MENTORS,
    FIRST_DAY,
    LAST_DAY,
    ORGANISATIONS,
    generate,
    write_dataset,
    write_organisations,
)

DATA = Path(__file__).parents[2] / "data"
ROWS = read_mentors(DATA / "mentors.csv").rows


def days_left(row) -> int:
    return (row.expires_on - DEFAULT_AS_OF).days


def share(count: int) -> float:
    return count / len(ROWS)


def test_the_committed_files_are_what_the_seed_makes(tmp_path: Path) -> None:
    write_dataset(tmp_path / "mentors.csv")
    write_organisations(tmp_path / "organisations.csv")
    assert (tmp_path / "mentors.csv").read_bytes() == (DATA / "mentors.csv").read_bytes()
    assert (tmp_path / "organisations.csv").read_bytes() == (DATA / "organisations.csv").read_bytes()


def test_another_seed_makes_other_people() -> None:
    first, second = (generate(seed, DEFAULT_AS_OF, FEWEST_MENTORS) for seed in (1, 2))
    assert not {row["mentor_id"] for row in first} & {row["mentor_id"] for row in second}
    assert first == generate(1, DEFAULT_AS_OF, FEWEST_MENTORS)


@pytest.mark.parametrize("mentors", [FEWEST_MENTORS, 601, 2000])
@pytest.mark.parametrize("as_of", [date(2026, 12, 1), date(2028, 2, 29), date(2027, 3, 28)])
def test_any_size_and_day_reads_back_without_a_word(tmp_path: Path, mentors: Any, as_of: date) -> None:
    write_dataset(tmp_path / "mentors.csv", seed=7, as_of=as_of, mentors=mentors)
    found = read_mentors(tmp_path / "mentors.csv")
    assert (len(found.rows), found.problems, found.warnings) == (mentors, (), ())
    assert {row.organisation for row in found.rows} == {organisation.name for organisation in ORGANISATIONS}


@pytest.mark.parametrize("mentors", [1, 3, FEWEST_MENTORS - 1])
def test_a_small_file_is_written_without_every_case(tmp_path: Path, mentors: Any) -> None:
    """Issue 8 F: `dataset --mentors 3` was a traceback although `--help` allows it."""
    write_dataset(tmp_path / "mentors.csv", mentors=mentors)
    found = read_mentors(tmp_path / "mentors.csv")
    assert (len(found.rows), found.problems, found.warnings) == (mentors, (), ())


@pytest.mark.parametrize("as_of", [FIRST_DAY, LAST_DAY])
def test_the_first_and_the_last_day_make_readable_dates(tmp_path: Path, as_of: Any) -> None:
    """Issue 8 F: what the command accepts, the reader accepts."""
    write_dataset(tmp_path / "mentors.csv", as_of=as_of)
    assert read_mentors(tmp_path / "mentors.csv").problems == ()


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"mentors": 0}, "from 1 to 1000000"),
        ({"mentors": 1_000_001}, "from 1 to 1000000"),
        ({"as_of": date(2199, 12, 31)}, "between 1970-01-01 and 2090-12-31"),
        ({"as_of": date(1, 1, 1)}, "between 1970-01-01 and 2090-12-31"),
    ],
)
def test_what_cannot_be_made_is_refused_and_not_written(tmp_path: Path, odd: Any, said: str) -> None:
    """Issue 8 F: odd arguments are refused in a sentence."""
    with pytest.raises(ValueError, match=said):
        write_dataset(tmp_path / "mentors.csv", **odd)
    assert not (tmp_path / "mentors.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--mentors", "3"], 0, "3 mentors written"),
        (["--mentors", "0"], 2, "--mentors"),
        (["--as-of", "2199-12-31"], 2, "2090-12-31"),
        (["--out", "."], 2, "cannot be written"),
    ],
)
def test_the_command_responds_in_a_sentence(tmp_path: Path, arguments: Any, code: int, said: str) -> None:
    """Issue 8 F: never a traceback."""
    command = [sys.executable, "-m", "local", "dataset", "--out", str(tmp_path / "mentors.csv"), *arguments]
    ended = subprocess.run(command, cwd=DATA.parent, capture_output=True, text=True, check=False)
    printed = ended.stdout + ended.stderr
    assert (ended.returncode, "Traceback" in printed) == (code, False)
    assert said in printed


def test_too_few_mentors_for_the_cases_are_refused() -> None:
    with pytest.raises(ValueError, match=str(FEWEST_MENTORS)):
        generate(DEFAULT_SEED, DEFAULT_AS_OF, FEWEST_MENTORS - 1)


def test_the_committed_mentors_read_back_without_a_word() -> None:
    found = read_mentors(DATA / "mentors.csv")
    assert (len(found.rows), found.problems, found.warnings) == (600, (), ())


def test_the_organisations_are_the_three_of_the_mentors() -> None:
    found = read_organisations(DATA / "organisations.csv")
    assert {row.id for row in found} == {row.organisation_id for row in ROWS}
    assert [(row.org_thresholds, row.thresholds, row.reactivate_renewed) for row in found] == [
        (False, (60, 30, 14, 7), True),
        (True, (45, 21, 7), True),
        (True, (30, 14, 7, 1), False),
    ]


def test_the_mentors_are_like_those_of_hlf() -> None:
    status = Counter(row.status for row in ROWS)
    locale = Counter(row.locale for row in ROWS)
    assert 0.05 <= share(status["paused"]) <= 0.07
    assert 0.02 <= share(status["certification_expired"]) <= 0.04
    assert 0.005 <= share(status["inactive"]) <= 0.02
    assert [round(share(locale[name]), 2) for name in ("nb", "nn", "en")] == [0.80, 0.15, 0.05]
    assert 0.68 <= share(sum(row.listing_consent for row in ROWS)) <= 0.72
    assert 0.035 <= share(sum(row.email is None for row in ROWS)) <= 0.05
    assert 5 <= sum(row.coordinator is None for row in ROWS) <= 15


def test_one_of_twelve_coordinators_cannot_be_written_to() -> None:
    """There are twelve coordinators and one cannot be written to."""
    coordinators = {row.coordinator for row in ROWS if row.coordinator}
    assert len(coordinators) == 12
    assert sum(person.email is None for person in coordinators) == 1


@pytest.mark.parametrize("organisation", ORGANISATIONS, ids=lambda organisation: organisation.name)
def test_each_case_is_met_in_every_organisation(organisation: Any) -> None:
    """The nightly check meets every case in every organisation."""
    rows = [row for row in ROWS if row.organisation == organisation.name]
    active = {days_left(row) for row in rows if row.status == "active"}
    paused = {days_left(row) for row in rows if row.status == "paused"}
    assert active >= set(organisation.reminds_on), "due on exactly a threshold"
    assert active >= set(organisation.thresholds), "due on a threshold that is stored, switched on or not"
    assert active >= {0, -1, -3, -10}, "the last valid day, expiring tonight, nightly checks missed"
    steps = zip(organisation.reminds_on, (*organisation.reminds_on[1:], 0), strict=True)
    for threshold, following in steps:
        between = set(range(following + 1, threshold))
        assert not between or active & between, "caught up between two thresholds"
    assert paused >= {-1, organisation.reminds_on[0]}, "a pause wins"
    assert any(row.status == "inactive" and days_left(row) == -1 for row in rows)
    assert sum(row.status == "certification_expired" and days_left(row) > 0 for row in rows) >= 2, "renewed since"
    assert sum(row.status == "certification_expired" and days_left(row) < 0 for row in rows) >= 2
    assert any(row.expires_on == date(2028, 2, 29) for row in rows)
    due = [row for row in rows if row.status == "active" and days_left(row) in organisation.reminds_on]
    assert any(row.email is None for row in due)
    assert any(row.coordinator is None for row in due)
    tonight = [row for row in rows if row.status == "active" and days_left(row) < 0]
    assert {row.listing_consent for row in tonight} == {True, False}


def test_a_mentor_of_the_coordinator_without_an_address_is_due() -> None:
    due = {thresholds.name: thresholds.reminds_on for thresholds in ORGANISATIONS}
    assert any(
        row.coordinator
        and row.coordinator.email is None
        and row.status == "active"
        and days_left(row) in due[row.organisation]
        for row in ROWS
    )


def test_nobody_in_it_can_be_reached() -> None:
    rows = generate(DEFAULT_SEED, DEFAULT_AS_OF)
    addresses = {row[column] for row in rows for column in ("email", "coordinator_email")} - {""}
    assert {address.rpartition("@")[2] for address in addresses} == {"example.no", "example.com"}
    assert all(re.fullmatch(r"\+47 000 \d\d \d\d\d", row["phone"]) for row in rows)


def test_no_two_mentors_share_an_address() -> None:
    addresses = [row.email for row in ROWS if row.email]
    assert len(set(addresses)) == len(addresses)


def test_eleven_digits_in_a_row_stand_nowhere_not_even_in_an_id() -> None:
    text = (DATA / "mentors.csv").read_text()
    assert not re.search(r"\d{11}", text)
    assert not any(holds_identity_number(value) for line in text.splitlines() for value in line.split(","))


@pytest.mark.parametrize(
    "name", ["Bjørn Håkon Ødegård", "Máret Sárá", "Patrick O'Hara", "Ingebjørg-Åse Kvæstad-Nygård", "Jo Å", "Per Null"]
)
def test_names_that_try_software_are_in_it(name: str) -> None:
    assert name in {f"{row.first_name} {row.last_name}" for row in ROWS}


def test_one_name_is_very_long() -> None:
    assert max(len(row.first_name + row.last_name) for row in ROWS) > 100


def test_the_readme_names_every_column_and_counts_the_file() -> None:
    """The README names every column and counts what the file holds."""
    readme = (DATA / "README.md").read_text()
    for column in (*COLUMNS, *ORGANISATION_COLUMNS):
        assert f"\n| `{column}` |" in readme
    for organisation in ORGANISATIONS:
        assert table_line(organisation) in readme


def table_line(organisation) -> str:
    rows = [row for row in ROWS if row.organisation == organisation.name]
    active = [days_left(row) for row in rows if row.status == "active"]
    due = sum(days in organisation.reminds_on for days in active)
    counts = [
        len(rows),
        len(active),
        *(sum(row.status == status for row in rows) for status in ("paused", "certification_expired", "inactive")),
        due,
        sum(0 <= days < organisation.reminds_on[0] for days in active) + active.count(organisation.reminds_on[0]) - due,
        active.count(0),
        sum(days < 0 for days in active),
        sum(row.status == "certification_expired" and days_left(row) >= 0 for row in rows),
    ]
    thresholds = " ".join(str(day) for day in organisation.reminds_on)
    return f"| {organisation.name} | {thresholds} | {' | '.join(str(count) for count in counts)} |"
