"""What a spreadsheet can do to a mentors file, and what the reader says about it."""

from __future__ import annotations

import csv
import io
import re
import uuid
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.mentors_file.mentors import (
    COLUMNS,
    REQUIRED,
    ROW,
    MentorFile,
    RowProblem,
    UnreadableFile,
    coordinator_uuid,
    holds_identity_number,
    mentor_uuid,
    organisation_uuid,
    read_mentors,
    read_organisations,
)
from tests.support.there import there

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "mentor_id": "0b5f4a2e-6a9d-4c57-8a2b-1f0c3d4e5f60",
    "organisation": "HLF Oslo",
    "coordinator_name": "Kari Sæther",
    "coordinator_email": "kari@example.no",
    "coordinator_locale": "nn",
    "first_name": "Bjørn",
    "last_name": "Ødegård",
    "email": "bjorn@example.no",
    "phone": "+47 912 34 567",
    "area": "Ås",
    "status": "active",
    "listing_consent": "yes",
    "locale": "en",
    "certified_on": "2024-01-01",
    "expires_on": "2026-12-31",
}


def text_of(*rows: dict[str, str], delimiter: str = ",", columns: list[str] | None = None) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(COLUMNS), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read(tmp_path: Path, content: str | bytes) -> MentorFile:
    path = tmp_path / "mentors.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_mentors(path)


def problems_with(tmp_path: Path, **values: str) -> tuple[RowProblem, ...]:
    """The problems of one row between two good ones, which are loaded whatever the middle one holds."""
    before, after = GOOD | {"mentor_id": "before"}, GOOD | {"mentor_id": "after"}
    found = read(tmp_path, text_of(before, GOOD | values, after))
    kept = [row.id for row in found.rows if row.id in {mentor_uuid("before"), mentor_uuid("after")}]
    assert len(kept) == 2
    assert len(found.rows) == (2 if found.problems else 3)
    assert {problem.line for problem in found.problems} <= {3}
    return found.problems


def only_problem(tmp_path: Path, **values: str) -> RowProblem:
    (problem,) = problems_with(tmp_path, **values)
    return problem


def refusal(tmp_path: Path, content: str | bytes) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read(tmp_path, content)
    return str(refused.value)


def test_a_row_becomes_typed_values(tmp_path: Path) -> None:
    (row,) = read(tmp_path, text_of(GOOD)).rows
    assert row.line == 2
    assert row.id == UUID("0b5f4a2e-6a9d-4c57-8a2b-1f0c3d4e5f60")
    assert row.organisation == "HLF Oslo"
    assert row.organisation_id == organisation_uuid("HLF Oslo")
    assert row.coordinator is not None
    assert row.coordinator.id == coordinator_uuid("HLF Oslo", email="kari@example.no", name="")
    assert (row.coordinator.full_name, row.coordinator.email) == ("Kari Sæther", "kari@example.no")
    assert (row.coordinator.locale, row.coordinator.organisation_id) == ("nn", row.organisation_id)
    assert (row.first_name, row.last_name, row.area) == ("Bjørn", "Ødegård", "Ås")
    assert (row.email, row.phone) == ("bjorn@example.no", "+47 912 34 567")
    assert (row.status, row.listing_consent, row.locale) == ("active", True, "en")
    assert (row.certified_on, row.expires_on) == (date(2024, 1, 1), date(2026, 12, 31))


def test_the_required_columns_alone_get_careful_defaults(tmp_path: Path) -> None:
    """A file with only the required columns gets the careful defaults."""
    found = read(tmp_path, text_of({name: GOOD[name] for name in REQUIRED}, columns=list(REQUIRED)))
    (row,) = found.rows
    assert (row.coordinator, row.email, row.phone, row.area) == (None, None, None, None)
    assert (row.listing_consent, row.locale, row.certified_on) == (False, "nb", date(2023, 12, 31))
    assert found.warnings == ("there is no column listing_consent: no mentor counts as having consented to be listed",)


def test_empty_optional_values_get_the_same_defaults(tmp_path: Path) -> None:
    emptied = dict.fromkeys(set(COLUMNS) - set(REQUIRED), "  ")
    (row,) = read(tmp_path, text_of(GOOD | emptied)).rows
    assert (row.coordinator, row.email, row.phone, row.area) == (None, None, None, None)
    assert (row.listing_consent, row.locale, row.certified_on) == (False, "nb", date(2023, 12, 31))


def test_three_years_before_a_leap_day_is_the_28th(tmp_path: Path) -> None:
    (row,) = read(tmp_path, text_of(GOOD | {"certified_on": "", "expires_on": "2028-02-29"})).rows
    assert row.certified_on == date(2025, 2, 28)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_endings_all_read_alike(tmp_path: Path, delimiter: str, mark: bytes, ending: str) -> None:
    """Delimiters, byte order marks and line endings all read alike."""
    content = text_of(GOOD | {"area": "Ås; Moss, Oslo"}, delimiter=delimiter).replace("\n", ending).encode()
    found = read(tmp_path, mark + content)
    assert (found.problems, found.warnings) == ((), ())
    assert found.rows[0].area == "Ås; Moss, Oslo"


def test_columns_may_stand_in_any_order_and_case(tmp_path: Path) -> None:
    text = text_of(GOOD, columns=list(reversed(COLUMNS)))
    header, rest = text.split("\n", 1)
    assert read(tmp_path, text).rows == read(tmp_path, text_of(GOOD)).rows
    assert read(tmp_path, header.upper() + "\n" + rest).rows == read(tmp_path, text_of(GOOD)).rows


def test_the_line_that_names_the_delimiter_is_passed_over(tmp_path: Path) -> None:
    """The line that Excel writes to name the delimiter is passed over."""
    found = read(tmp_path, "sep=;\n" + text_of(GOOD, GOOD | {"mentor_id": "?"}, delimiter=";"))
    assert len(found.rows) == 1
    assert found.problems[0].line == 4


def test_rows_without_any_value_are_passed_over(tmp_path: Path) -> None:
    found = read(tmp_path, text_of(GOOD) + "\n" + "," * (len(COLUMNS) - 1) + "\n,,,\n\n")
    assert (len(found.rows), found.problems) == (1, ())


def test_letters_written_in_two_parts_are_joined(tmp_path: Path) -> None:
    (row,) = read(tmp_path, text_of(GOOD | {"first_name": "A\u030ase", "last_name": "  Å \u00a0 Berg "})).rows
    assert (row.first_name, row.last_name) == ("Åse", "Å Berg")


@pytest.mark.parametrize("name", ["Máret Sárá", "D'Angelo", "Anne-Grethe", 'Ola "Olla"', "Łukasz", "Ø", "می\u200cمی"])
def test_names_are_kept_as_people_write_them(tmp_path: Path, name: str) -> None:
    (row,) = read(tmp_path, text_of(GOOD | {"first_name": name})).rows
    assert row.first_name == name


@pytest.mark.parametrize("written", ["2026-12-31", "31.12.2026", " 31.12.2026 "])
def test_iso_and_norwegian_dates_are_read(tmp_path: Path, written: str) -> None:
    (row,) = read(tmp_path, text_of(GOOD | {"expires_on": written})).rows
    assert row.expires_on == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("31.02.2026", 'no such day "31.02.2026"'),
        ("2026-02-29", 'no such day "2026-02-29"'),
        ("2026-13-01", 'no such day "2026-13-01"'),
        ("12/31/2026", 'not a date "12/31/2026"'),
        ("31.12.26", 'not a date "31.12.26"'),
        ("snart", 'not a date "snart"'),
        ("2206-12-31", 'a year out of range "2206-12-31"'),
        ("", "empty: a value is required"),
        ("+47 912 34 567", "not a date: write it"),
        ("91234567", "not a date: write it"),
        ("kari@example.no", "not a date: write it"),
        ("２０２６-12-31", "not a date: write it"),  # noqa: RUF001 - digits that only look like digits
    ],
)
def test_an_impossible_date_says_what_a_date_looks_like(tmp_path: Path, written: str, said: str) -> None:
    problem = only_problem(tmp_path, expires_on=written)
    assert problem.column == "expires_on"
    assert said in problem.reason


def test_a_certification_cannot_end_before_it_began(tmp_path: Path) -> None:
    assert only_problem(tmp_path, certified_on="2027-01-01").column == "certified_on"


@pytest.mark.parametrize("given", ["yes", "ja", "true", "1", "YES", "Ja"])
def test_consent_is_given_in_two_languages(tmp_path: Path, given: str) -> None:
    assert read(tmp_path, text_of(GOOD | {"listing_consent": given})).rows[0].listing_consent is True


@pytest.mark.parametrize("given", ["no", "nei", "false", "0", "NEI", ""])
def test_consent_is_withheld_in_two_languages(tmp_path: Path, given: str) -> None:
    assert read(tmp_path, text_of(GOOD | {"listing_consent": given})).rows[0].listing_consent is False


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("status", "aktiv", 'unknown status "aktiv": write active, paused, certification_expired or inactive'),
        ("status", "", "empty: a value is required"),
        ("listing_consent", "kanskje", 'unknown answer "kanskje"'),
        ("locale", "no", 'unknown language "no": write nb, nn or en'),
        ("coordinator_locale", "sv", 'unknown language "sv"'),
        ("mentor_id", "", "empty: a value is required"),
        ("mentor_id", "no spaces", "not a mentor id"),
        ("mentor_id", "Bjørn", "not a mentor id"),
        ("organisation", " ", "empty: a value is required"),
        ("first_name", "", "empty: a value is required"),
        ("last_name", "", "empty: a value is required"),
        ("first_name", "a" * 201, "201 characters where 200 fit"),
        ("mentor_id", "a" * 65, "65 characters where 64 fit"),
        ("email", f"{'a' * 250}@example.no", "261 characters where 254 fit"),
        ("area", "Oslo\x00", "control character"),
        ("area", "Oslo\x1b[31m", "control character"),
        ("area", "Oslo\u202e", "control character"),
    ],
)
def test_a_value_that_cannot_be_used_says_why(tmp_path: Path, column: str, value: str, said: str) -> None:
    problem = only_problem(tmp_path, **{column: value})
    assert problem.column == column
    assert said in problem.reason


@pytest.mark.parametrize("column", ["email", "coordinator_email"])
@pytest.mark.parametrize(
    "address",
    [
        "bjorn",
        "bjorn@",
        "@example.no",
        "bjorn@example",
        "bjorn @example.no",
        "bjorn@example..no",
        ".bjorn@example.no",
        "bjorn@example.no, kari@example.no",
        "Bjørn <bjorn@example.no>",
        "bjorn@-example.no",
        "bjorn@example.no\nBcc: all@example.no",
        f"{'a' * 65}@example.no",
    ],
)
def test_a_malformed_address_is_refused_without_being_repeated(tmp_path: Path, column: str, address: str) -> None:
    problem = only_problem(tmp_path, **{column: address})
    assert problem.column == column
    assert "bjorn" not in problem.reason
    assert "not an e-mail address" in problem.reason


@pytest.mark.parametrize("address", ["a@example.no", "o'hara+hlf@sub.example.co.uk", "x_y-z@xn--ls8h.example.no"])
def test_unusual_addresses_that_are_valid_are_taken(tmp_path: Path, address: str) -> None:
    assert read(tmp_path, text_of(GOOD | {"email": address})).rows[0].email == address


def test_a_row_reports_all_that_is_wrong_with_it(tmp_path: Path) -> None:
    found = problems_with(
        tmp_path, status="x", expires_on="31.02.2026", locale="sv", email="?", listing_consent="2", first_name=""
    )
    assert {problem.column for problem in found} == {
        "status",
        "expires_on",
        "locale",
        "email",
        "listing_consent",
        "first_name",
    }


@pytest.mark.parametrize(("row", "cells"), [("M1,HLF,Kari", 3), ("," * 15 + "x", 16)])
def test_a_row_of_another_width_is_refused_whole(tmp_path: Path, row: str, cells: int) -> None:
    """A row with another number of cells is refused as a whole."""
    found = read(tmp_path, text_of(GOOD) + row + "\n" + text_of(GOOD | {"mentor_id": "next"}).split("\n", 1)[1])
    assert len(found.rows) == 2
    (problem,) = found.problems
    assert (problem.line, problem.column) == (3, ROW)
    assert f"{cells} cells where the header has 15" in problem.reason


def test_a_duplicate_names_the_line_of_the_first(tmp_path: Path) -> None:
    found = read(
        tmp_path, text_of(GOOD, GOOD | {"mentor_id": "other"}, GOOD | {"mentor_id": GOOD["mentor_id"].upper()})
    )
    assert [row.line for row in found.rows] == [2, 3]
    (problem,) = found.problems
    assert (problem.line, problem.column) == (4, "mentor_id")
    assert "the same mentor_id as on line 2" in problem.reason


def test_a_duplicate_of_a_bad_row_is_refused_too(tmp_path: Path) -> None:
    found = read(tmp_path, text_of(GOOD | {"area": "Oslo\x00"}, GOOD))
    assert found.rows == ()
    assert [(problem.line, problem.column) for problem in found.problems] == [(2, "area"), (3, "mentor_id")]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    """A line break within a value is read as a space; the row after it still has its own line number."""
    found = read(tmp_path, text_of(GOOD | {"area": "Oslo\nog\r\nAkershus"}, GOOD | {"mentor_id": "b", "status": "x"}))
    assert found.rows[0].area == "Oslo og Akershus"
    assert [(problem.line, problem.column) for problem in found.problems] == [(5, "status")]


def test_an_unclosed_quotation_mark_costs_one_row_only(tmp_path: Path) -> None:
    """A quotation mark that is never closed costs one row only."""
    rows = [GOOD | {"mentor_id": f"m{number}"} for number in range(200)]
    lines = text_of(*rows).split("\n")
    lines[100] = lines[100].replace("Bjørn", '"Bjørn')
    found = read(tmp_path, "\n".join(lines))
    assert [(problem.line, problem.column) for problem in found.problems] == [(101, ROW)]
    assert "quotation mark" in found.problems[0].reason
    assert [row.line for row in found.rows] == [*range(2, 101), *range(102, 202)]


def test_an_enormous_value_costs_one_row_only(tmp_path: Path) -> None:
    found = read(tmp_path, text_of(GOOD, GOOD | {"mentor_id": "b", "area": "x" * 200_000}, GOOD | {"mentor_id": "c"}))
    assert [problem.line for problem in found.problems] == [3]
    assert len(found.rows) == 2


def test_a_row_in_windows_1252_is_refused(tmp_path: Path) -> None:
    """A row in Windows-1252 is refused and asked to be saved as UTF-8."""
    header, good, bad, _ = text_of(GOOD, GOOD | {"mentor_id": "b"}).split("\n")
    found = read(tmp_path, f"{header}\n{good}\n".encode() + f"{bad}\n".encode("cp1252"))
    assert len(found.rows) == 1
    assert {problem.line for problem in found.problems} == {3}
    assert {problem.column for problem in found.problems} == {"first_name", "last_name", "coordinator_name", "area"}
    assert all("not UTF-8" in problem.reason and "CSV UTF-8" in problem.reason for problem in found.problems)


def test_reasons_and_warnings_repeat_nothing_personal(tmp_path: Path) -> None:
    """Reasons and warnings never repeat what says something about a person."""
    secrets = {
        "coordinator_name": "Hemmelig Kontakt",
        "first_name": "Hemmelig\x07",
        "last_name": "Hemmelig" * 30,
        "email": "hemmelig",
        "coordinator_email": "hemmelig@",
        "phone": "+47 912 34 567 hemmelig hemmelig hemmelig hemmelig",
        "status": "91234567",
        "locale": "hemmelig@example.no",
        "certified_on": "01017012345",
        "expires_on": "Hemmelig Hemmeligsen",
        "mentor_id": "Hemmelig Hemmeligsen",
        "listing_consent": "+4791234567",
    }
    found = read(tmp_path, text_of(GOOD | secrets, GOOD))
    assert {problem.column for problem in found.problems} == set(secrets) - {"coordinator_name"}
    said = " ".join(str(problem) for problem in found.problems) + " ".join(found.warnings)
    assert "emmelig" not in said
    assert "912" not in said
    assert "01017012345" not in said


# Digits that could be a national identity number

GAPS = st.sampled_from(["", " ", "-", ".", "\u00a0", "–", " - "])  # noqa: RUF001
BESIDE = st.text(alphabet="abcæøå :,()@/", max_size=8)


@st.composite
def identity_numbers(draw):
    """Any eleven digits, D-numbers and wrong check digits included, in the ways people write them."""
    digits = draw(st.text(alphabet="0123456789", min_size=11, max_size=11))
    shape = draw(st.sampled_from(["6+5", "2+2+2+5", "6+3+2"]))
    gap = draw(GAPS)
    if shape == "6+5":
        return digits[:6] + gap + digits[6:]
    if shape == "6+3+2":
        return digits[:6] + gap + digits[6:9] + draw(st.sampled_from(["", " "])) + digits[9:]
    dot = draw(st.sampled_from([".", " ", "-"]))
    return dot.join((digits[:2], digits[2:4], digits[4:6])) + gap + digits[6:]


@given(number=identity_numbers(), before=BESIDE, after=BESIDE)
def test_eleven_digits_are_seen_wherever_they_stand(number: Any, before: Any, after: Any) -> None:
    assert holds_identity_number(before + number + after)


@given(text=st.uuids().map(str) | st.uuids().map(lambda value: value.hex))
def test_a_uuid_holds_no_identity_number(text: Any) -> None:
    assert not holds_identity_number(text)
    assert not holds_identity_number(f"{text}, {text}")


def test_a_uuid_full_of_digits_holds_no_identity_number() -> None:
    assert not holds_identity_number("a0101701-2345-4123-8123-a12345678901")
    assert not holds_identity_number("ab010170123454123812301017012345")
    assert holds_identity_number("a0101701-2345-4123-8123-a12345678901 01017012345")


@given(number=st.integers(20_000_000, 99_999_999).map(str), code=st.sampled_from(["", "+47", "+47 ", "0047", "0047 "]))
def test_norwegian_telephone_numbers_hold_no_identity_number(number: Any, code: Any) -> None:
    in_threes = f"{number[:3]} {number[3:5]} {number[5:]}"
    in_pairs = f"{number[:2]} {number[2:4]} {number[4:6]} {number[6:]}"
    for written in (number, in_threes, in_pairs):
        assert not holds_identity_number(code + written)


@pytest.mark.parametrize(
    "text", ["+46 70 123 45 67", "22 33 44 55 / 912 34 567", "2026-12-31", "123456789012", "1234567890"]
)
def test_other_numbers_hold_no_identity_number(text: str) -> None:
    assert not holds_identity_number(text)


@pytest.mark.parametrize("column", sorted(COLUMNS))
def test_an_identity_number_is_refused_in_every_column(tmp_path: Path, column: Any) -> None:
    for number in ("01017012345", "410170-12345"):
        found = problems_with(tmp_path, **{column: f"{number}"})
        assert any(problem.column == column and "national identity number" in problem.reason for problem in found)
        assert not any(re.search(r"\d{6}", problem.reason) for problem in found)


def test_an_identity_number_is_refused_in_any_column(tmp_path: Path) -> None:
    """An identity number is refused in an ignored column and beyond the last."""
    header, row, _ = text_of(GOOD).split("\n")
    found = read(tmp_path, f"{header},notes\n{row},født 010170 12345\n{row},,010170.12345\n")
    assert [(problem.line, problem.column) for problem in found.problems] == [(2, "notes"), (3, ROW), (3, ROW)]


# Any file at all

FAULTS = {
    "status": "aktiv",
    "expires_on": "31.02.2026",
    "locale": "sv",
    "listing_consent": "maybe",
    "email": "nobody",
    "first_name": "",
    "phone": "01017012345",
    "area": "Oslo\x00",
    "last_name": "\udce5sen",
    "organisation": "x" * 201,
}


@given(
    faults=st.lists(st.none() | st.sampled_from(sorted(FAULTS)) | st.sampled_from(["few", "many", "open"]), min_size=1),
    delimiter=st.sampled_from(",;"),
)
def test_a_file_with_some_bad_rows_gives_exactly_the_others(
    tmp_path_factory: pytest.TempPathFactory, faults: Any, delimiter: Any
) -> None:
    header, row, _ = text_of(GOOD, delimiter=delimiter).split("\n")
    lines = [header]
    for number, fault in enumerate(faults):
        named = row.replace(GOOD["mentor_id"], f"m{number}")
        if fault in FAULTS:
            cells = {column: f"m{number}" if column == "mentor_id" else value for column, value in GOOD.items()}
            named = text_of(cells | {fault: FAULTS[fault]}, delimiter=delimiter).split("\n")[1]
        elif fault == "few":
            named = named.rpartition(delimiter)[0]
        elif fault == "many":
            named += delimiter + "x"
        elif fault == "open":
            named = named.replace("Ødegård", '"Ødegård')
        lines.append(named)
    path = tmp_path_factory.mktemp("files") / "mentors.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode("utf-8", "surrogateescape"))
    found = read_mentors(path)
    assert [row.line for row in found.rows] == [line for line, fault in enumerate(faults, start=2) if fault is None]
    assert [problem.line for problem in found.problems] == [line for line, fault in enumerate(faults, start=2) if fault]


@given(
    content=st.binary(max_size=200) | st.text(alphabet='a1,;"\n\r\x00 æ', max_size=200).map(str.encode),
    header=st.booleans(),
)
def test_whatever_the_file_holds_it_is_either_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: Any, header: Any
) -> None:
    path = tmp_path_factory.mktemp("files") / "mentors.csv"
    path.write_bytes((text_of().encode() if header else b"") + content)
    try:
        found = read_mentors(path)
    except UnreadableFile:
        return
    assert found.rows or found.problems


# A file as a whole


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        read_mentors(tmp_path / "missing.csv")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="this is a folder"):
        read_mentors(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \n"])
def test_an_empty_file_says_which_header_it_needs(tmp_path: Path, content: bytes) -> None:
    said = refusal(tmp_path, content)
    assert "the file is empty" in said
    assert "mentor_id, organisation, first_name, last_name, status, expires_on" in said


@pytest.mark.parametrize("rest", ["", "\n,,,,,,,,,,,,,,\n"])
def test_a_header_alone_is_not_a_file_of_mentors(tmp_path: Path, rest: str) -> None:
    assert "header and no rows" in refusal(tmp_path, text_of() + rest)


def test_a_missing_column_is_reported_with_those_found(tmp_path: Path) -> None:
    """A missing column is reported with those found and those required."""
    said = refusal(tmp_path, text_of(columns=["mentor_id", "organisation", "fornavn", "last_name", "status"]))
    assert "lacks first_name, expires_on." in said
    assert "Found: mentor_id, organisation, fornavn, last_name, status." in said
    assert "Required columns: mentor_id, organisation, first_name, last_name, status, expires_on." in said


def test_a_column_that_stands_twice_is_reported(tmp_path: Path) -> None:
    header, row, _ = text_of(GOOD).split("\n")
    assert "has status more than once" in refusal(tmp_path, f"{header},Status\n{row},paused\n")


def test_without_a_header_no_mentor_is_repeated(tmp_path: Path) -> None:
    """A file without a header does not have its first mentor repeated."""
    said = refusal(tmp_path, text_of(GOOD).split("\n", 1)[1])
    assert "lacks mentor_id" in said
    assert "look like values" in said
    assert "degård" not in said
    assert "example.no" not in said


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_without_its_mark_is_asked_to_be_saved_as_utf_8(tmp_path: Path, encoding: str) -> None:
    assert "CSV UTF-8" in refusal(tmp_path, text_of(GOOD).encode(encoding))


@pytest.mark.parametrize("signature", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_workbook_is_distinguished_from_a_csv_file(tmp_path: Path, signature: bytes) -> None:
    assert "Excel workbook" in refusal(tmp_path, signature + bytes(range(256)) * 10)


@pytest.mark.parametrize("delimiter", ["|", ":"])
def test_another_delimiter_is_reported(tmp_path: Path, delimiter: str) -> None:
    said = refusal(tmp_path, text_of(GOOD, delimiter=delimiter))
    assert "cannot be told apart" in said
    assert "Required columns: mentor_id" in said


def test_one_endless_line_is_reported(tmp_path: Path) -> None:
    assert "Required columns" in refusal(tmp_path, b"x" * 300_000)
    assert "has no end" in refusal(tmp_path, b"mentor_id,status," + b"x" * 300_000)
    assert len(refusal(tmp_path, b"mentor_id,status," + b"x" * 100_000)) < 1000


def test_a_header_with_an_open_quotation_mark_is_reported(tmp_path: Path) -> None:
    assert "quotation mark" in refusal(tmp_path, '"' + text_of(GOOD))


def test_unknown_columns_are_warned_of_and_ignored(tmp_path: Path) -> None:
    header, row, _ = text_of(GOOD).split("\n")
    found = read(tmp_path, f"{header},notes,Kari Sæther,\n{row},secret,x,y\n")
    assert found.rows == read(tmp_path, text_of(GOOD)).rows
    assert found.warnings == (
        "notes: not a known column, ignored",
        "column 17: not a known column, ignored",
        "column 18: no name in the first line, ignored",
    )


# Coordinators


def test_of_two_spellings_of_a_coordinator_the_first_wins(tmp_path: Path) -> None:
    """Of two spellings of a coordinator the first wins and the other is warned of once."""
    other = {"coordinator_name": "Kari Sather", "coordinator_email": "KARI@example.no", "email": "", "phone": ""}
    found = read(tmp_path, text_of(GOOD, GOOD | other | {"mentor_id": "b"}, GOOD | other | {"mentor_id": "c"}))
    assert {row.coordinator for row in found.rows} == {found.rows[0].coordinator}
    assert there(found.rows[0].coordinator).full_name == "Kari Sæther"
    (warning,) = found.warnings
    assert warning.startswith("line 3: ")
    assert "on line 2" in warning
    assert "Kari" not in warning


def test_a_bad_row_has_no_say_in_how_a_coordinator_is_spelled(tmp_path: Path) -> None:
    found = read(tmp_path, text_of(GOOD | {"coordinator_name": "X", "status": "x"}, GOOD | {"mentor_id": "b"}))
    assert there(found.rows[0].coordinator).full_name == "Kari Sæther"
    assert found.warnings == ()


def test_the_same_coordinator_in_two_organisations_is_two(tmp_path: Path) -> None:
    found = read(tmp_path, text_of(GOOD, GOOD | {"mentor_id": "b", "organisation": "HLF Moss"}))
    assert len({there(row.coordinator).id for row in found.rows}) == 2


def test_a_coordinator_may_lack_an_address_or_a_name(tmp_path: Path) -> None:
    without_address = GOOD | {"coordinator_email": ""}
    without_name = GOOD | {"coordinator_name": "", "mentor_id": "b"}
    first, second = read(tmp_path, text_of(without_address, without_name)).rows
    assert (there(first.coordinator).full_name, there(first.coordinator).email) == ("Kari Sæther", None)
    assert there(first.coordinator).id == coordinator_uuid("HLF Oslo", email=None, name="Kari Sæther")
    assert (there(second.coordinator).full_name, there(second.coordinator).email) == (
        "kari@example.no",
        "kari@example.no",
    )


# Ids


def test_ids_made_from_text_never_change() -> None:
    """They are in people's databases: another value here would load every mentor a second time."""
    assert mentor_uuid("M-001") == UUID("7f1224a9-14f6-5e53-8ff0-c26d784fce03")
    assert organisation_uuid("HLF Oslo og Akershus") == UUID("c1d45d4b-8792-57c0-8e0e-75c0905b755f")
    assert coordinator_uuid("HLF Oslo", email="Kari@example.no", name="") == UUID(
        "1b099bf6-7aea-5b8c-8354-fc5f2ad24c92"
    )


def test_a_uuid_is_taken_as_it_stands_however_it_is_written() -> None:
    value = uuid.UUID(GOOD["mentor_id"])
    assert mentor_uuid(str(value)) == mentor_uuid(str(value).upper()) == mentor_uuid(f" {value.hex} ") == value


@pytest.mark.parametrize("text", ["", "a b", "æ", "a/b", "a" * 65, "01017012345", "{0b5f4a2e}"])
def test_what_is_no_mentor_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a mentor id"):
        mentor_uuid(text)


@given(st.sets(st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True), max_size=20))
def test_two_tokens_are_two_mentors(tokens: Any) -> None:
    tokens = {token for token in tokens if not holds_identity_number(token)}
    assert len({mentor_uuid(token) for token in tokens}) == len(tokens)


# Organisations

ORGANISATIONS = "name;timezone;org_thresholds;thresholds;reactivate_renewed\n"


def organisations(tmp_path: Path, rows: str):
    path = tmp_path / "organisations.csv"
    path.write_text(ORGANISATIONS + rows)
    return read_organisations(path)


def test_an_organisation_has_its_settings_beside_its_name(tmp_path: Path) -> None:
    on, off = organisations(tmp_path, "HLF Oslo;Europe/Oslo;ja;7 30 14;nei\nHLF Moss;;no;;yes\n")
    assert on.id == organisation_uuid("HLF Oslo")
    assert (on.name, on.timezone, on.org_thresholds, on.thresholds) == ("HLF Oslo", "Europe/Oslo", True, (30, 14, 7))
    assert (on.reactivate_renewed, off.reactivate_renewed) == (False, True)
    assert (off.timezone, off.org_thresholds, off.thresholds) == ("Europe/Oslo", False, ())


def test_an_organisation_may_have_its_own_brake_limits(tmp_path: Path) -> None:
    """An organisation may have limits of its own for the brake."""
    path = tmp_path / "organisations.csv"
    path.write_text(ORGANISATIONS.strip() + ";brake_count;brake_percent\nA;;no;;yes;25;0\nB;;no;;yes;;\n")
    assert [(row.brake_count, row.brake_percent) for row in read_organisations(path)] == [(25, 0), (None, None)]
    path.write_text(ORGANISATIONS.strip() + ";brake_count;brake_percent\nA;;no;;yes;-1;101\nB;;no;;yes;many;2,5\n")
    with pytest.raises(UnreadableFile) as refused:
        read_organisations(path)
    for problem in (
        "line 2, brake_count: not a number of mentors: write a whole number from 0 to 1000000, or leave it empty",
        'line 2, brake_percent: not a percentage "101": write a whole number from 0 to 100, or leave it empty',
        'line 3, brake_count: not a number of mentors "many": ',
        "line 3, brake_percent: ",
    ):
        assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (";;no;;yes", "name"),
        ("B;Europe/Bergen;no;;yes", "timezone"),
        ("B;../etc/passwd;no;;yes", "timezone"),
        ("B;;perhaps;;yes", "org_thresholds"),
        ("B;;;;yes", "org_thresholds"),
        ("B;;yes;;yes", "thresholds"),
        ("B;;yes;30 30;yes", "thresholds"),
        ("B;;yes;-1;yes", "thresholds"),
        ("B;;yes;366;yes", "thresholds"),
        ("B;;yes;30 fourteen;yes", "thresholds"),
        ("B;;no;;", "reactivate_renewed"),
        ("A;;no;;yes", "name"),
        ("B;;no;;yes;x", ROW),
        ("a;;no;;yes", "name"),
    ],
)
def test_one_bad_organisation_refuses_the_file_and_says_where(tmp_path: Path, row: str, column: Any) -> None:
    with pytest.raises(UnreadableFile) as refused:
        organisations(tmp_path, f"A;;no;;yes\n{row}\n")
    assert f"line 3, {column}: " in str(refused.value)
