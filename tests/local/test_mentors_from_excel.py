"""Issue 8 F: what Excel and wrong encodings make of a file is read where it can be, and refused where it is spoilt."""

from __future__ import annotations

# ruff: noqa: RUF001 - letters that are easily confused are the subject here
import csv
import io
import os
import subprocess
import sys
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.mentors_file.mentors import (
    COLUMNS,
    MentorFile,
    RowProblem,
    UnreadableFile,
    coordinator_uuid,
    faults,
    organisation_uuid,
    read_mentors,
    read_organisations,
)

ROOT = Path(__file__).parents[2]

KARI = {
    "mentor_id": "1001",
    "organisation": "HLF Vestland",
    "coordinator_name": "Åse Bø",
    "coordinator_email": "aase@example.no",
    "coordinator_locale": "nb",
    "first_name": "Kari",
    "last_name": "Sæther",
    "email": "kari@example.no",
    "phone": "+47 912 34 567",
    "area": "Ås",
    "status": "active",
    "listing_consent": "yes",
    "locale": "nb",
    "certified_on": "2024-01-01",
    "expires_on": "2026-12-31",
}
OLA = KARI | {"mentor_id": "1002", "first_name": "Ola", "email": "ola@example.no", "phone": "+47 400 00 000"}
REST = ("certified_on", "area", "phone", "listing_consent")
REQUIRED_FIRST = [column for column in COLUMNS if column not in REST] + list(REST)


def text_of(*rows: dict[str, str], delimiter: str = ";", columns: list[str] | None = None) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(COLUMNS), delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read(tmp_path: Path, content: str | bytes) -> MentorFile:
    path = tmp_path / "mentors.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8-sig"))
    return read_mentors(path)


def problem_with(tmp_path: Path, **values: str) -> RowProblem:
    """The only problem of a row; the good row before it is loaded."""
    found = read(tmp_path, text_of(OLA, KARI | values))
    assert [row.line for row in found.rows] == [2]
    (problem,) = found.problems
    assert (problem.line, problem.column) == (3, *values)
    assert not any(value in problem.reason for value in values.values() if not value.startswith("#") and len(value) > 3)
    return problem


def row_with(tmp_path: Path, **values: str):
    found = read(tmp_path, text_of(KARI | values))
    assert found.problems == ()
    return found.rows[0]


def refusal(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read(tmp_path, content)
    said = str(refused.value)
    assert said.count("\n") == 0
    assert len(said) < 600
    return said


# Values that are spoilt

TEXTS = ["organisation", "coordinator_name", "first_name", "last_name", "area"]
ERRORS = [
    "#NAME?",
    "#NAVN?",
    "#NAMN?",
    "#NIMI?",
    "#N/A",
    "#I/T",
    "#SAKNAS!",
    "#PUUTTUU!",
    "#REF!",
    "#REFERENCE!",
    "#VIITTAUS!",
    "#VALUE!",
    "#VERDI!",
    "#VÆRDI!",
    "#VÄRDEFEL!",
    "#ARVO!",
    "#DIV/0!",
    "#DIVISION/0!",
    "#JAKO/0!",
    "#NUM!",
    "#OGILTIGT!",
    "#LUKU!",
    "#NULL!",
    "#NUL!",
    "#TYHJÄ!",
    "#SKÄRNING!",
    "#SPILL!",
    "#OVERFLYT!",
    "#CALC!",
    "#FIELD!",
    "#FELT!",
    "#BLOCKED!",
    "#BUSY!",
    "#GETTING_DATA",
    "Err:502",
    "Feil:502",
]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("column", [*TEXTS, "phone", "mentor_id", "email", "expires_on", "status", "listing_consent"])
def test_an_error_of_the_spreadsheet_is_refused(tmp_path: Path, column: Any, error: Any) -> None:
    assert "error of the spreadsheet" in problem_with(tmp_path, **{column: error}).reason


@pytest.mark.parametrize("column", [*TEXTS, "phone", "expires_on"])
def test_a_column_that_was_too_narrow_is_refused(tmp_path: Path, column: Any) -> None:
    assert "widen it in Excel" in problem_with(tmp_path, **{column: "########"}).reason


@pytest.mark.parametrize("number", ["4,79123E+09", "4.79123E+10", "4,79123e+9", "5E+07", "1,2E-05", " 4,79E+09 "])
@pytest.mark.parametrize("column", [*TEXTS, "phone", "mentor_id", "expires_on"])
def test_a_shortened_number_is_refused(tmp_path: Path, column: Any, number: str) -> None:
    assert "Excel shortened" in problem_with(tmp_path, **{column: number}).reason


@pytest.mark.parametrize("number", ["1E5", "5e7", "479E7", "4,79 E+09", "4,79E＋09", "47912345E2", "1e-5"])
@pytest.mark.parametrize("column", [*TEXTS, "phone"])
def test_a_power_of_ten_is_no_text_and_no_telephone_number(tmp_path: Path, column: Any, number: str) -> None:
    assert "Excel shortened" in problem_with(tmp_path, **{column: number}).reason


@pytest.mark.parametrize("text", ["Kari #NAVN?", "(#N/A)", "'#I/T", "＃REF!", "N/A", "I/T", "12345 #verdi!"])
@pytest.mark.parametrize("column", [*TEXTS, "phone"])
def test_an_error_within_a_text_is_refused(tmp_path: Path, column: Any, text: str) -> None:
    said = problem_with(tmp_path, **{column: text}).reason
    assert "error of the spreadsheet" in said or "no digit" in said or "like a formula" in said


@pytest.mark.parametrize("column", ["organisation", "area", "phone"])
def test_a_0_that_a_formula_shows_for_an_empty_cell_is_refused(tmp_path: Path, column: str) -> None:
    assert problem_with(tmp_path, **{column: "0"}).reason.startswith("a 0,")


@pytest.mark.parametrize("formula", ["=+4791234567", "=B2", '="0042"', "=1+1", "＝A1", "+A1", "-A1", "@SUM(A1)"])
@pytest.mark.parametrize("column", [*TEXTS, "phone"])
def test_a_formula_is_refused(tmp_path: Path, column: Any, formula: str) -> None:
    assert "like a formula" in problem_with(tmp_path, **{column: formula}).reason


@pytest.mark.parametrize(
    "phone",
    [
        "+4791234567",
        "+47 912 34 567",
        "+ 47 91234567",
        "+(47) 912 34 567",
        "004791234567",
        "91234567",
        "912 34 567",
        "22 33 44 55 / +47 912 34 567",
        "22.33.44.55",
        "(+47) 91 23 45 67",
        "91 234 567",
        "070-123 45 67",
        "815 49 300",
    ],
)
def test_a_telephone_number_is_taken_as_it_is_written(tmp_path: Path, phone: str) -> None:
    assert row_with(tmp_path, phone=phone).phone == phone


@pytest.mark.parametrize("gap", ["\u00a0", "\u202f", "\u2009"])
def test_narrow_spaces_become_spaces(tmp_path: Path, gap: str) -> None:
    row = row_with(
        tmp_path, phone=f"+47{gap}912{gap}34{gap}567", last_name=f"Sæther{gap}Bø", expires_on=f"31.12.2026{gap}"
    )
    assert (row.phone, row.last_name, row.expires_on) == ("+47 912 34 567", "Sæther Bø", date(2026, 12, 31))


@pytest.mark.parametrize(
    "number",
    [
        "4\xa0791\xa0234\xa0567",
        "91\u202f234\u202f567",
        "4 791 234 567",
        "91.234.567",
        "91,234,567",
        "4'791'234'567",
        "4\xa0791\xa0234\xa0567,00",
        "4.791.234.567,00",
        "91,234,567.00",
    ],
)
def test_thousand_separators_are_refused(tmp_path: Path, number: str) -> None:
    assert "thousand separators" in problem_with(tmp_path, phone=number).reason


@pytest.mark.parametrize("number", ["91234567.0", "4791234567,0", "91234567,00", "+4791234567.0", "912 34 567.00"])
def test_decimals_of_a_telephone_number_are_refused(tmp_path: Path, number: str) -> None:
    assert "decimals" in problem_with(tmp_path, phone=number).reason


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1001.0", "decimals"),
        ("1001,00", "decimals"),
        ("1\u00a0001", "thousand separators"),
        ("1,001", "thousand separators"),
        ("03.des", "a date"),
        ("3.des.26", "a date"),
        ("03-Dec", "a date"),
        ("des-12", "a date"),
        ("01.02.2026", "a date"),
        ("1234567890123450", "15 digits"),
    ],
)
def test_an_id_that_excel_took_for_something_else_is_refused(tmp_path: Path, written: str, said: str) -> None:
    assert said in problem_with(tmp_path, mentor_id=written).reason


@pytest.mark.parametrize(
    "own_id", ["0042", "42", "3-12", "A.1", "1.5", "2026-001", "12E5", "desk-12", "1.001", "123456789"]
)
def test_ids_of_ones_own_are_taken(tmp_path: Path, own_id: str) -> None:
    assert row_with(tmp_path, mentor_id=own_id).own_id == own_id


@pytest.mark.parametrize("column", ["first_name", "last_name", "coordinator_name"])
@pytest.mark.parametrize("name", ["42", "46387", "91234567", ".", "31.12.2026", "0"])
def test_a_name_without_a_letter_is_refused(tmp_path: Path, column: str, name: str) -> None:
    assert "no letter" in problem_with(tmp_path, **{column: name}).reason


@pytest.mark.parametrize("name", ["B¿", "Bl†bær", "S°ren", "Bl¾", "B|", "B{se", "B=C3=B8", "B\\u00f8"])
def test_a_sign_that_stands_for_a_letter_is_refused(tmp_path: Path, name: str) -> None:
    """Windows-1252 and UTF-8 are not the only encodings that are taken for each other."""
    assert "a character that occurs in no name" in problem_with(tmp_path, last_name=name).reason


@pytest.mark.parametrize(
    "phone",
    [
        *("01.02.1990", "1/2/2026", "2026-12-31", "12:30", "12:30:00"),
        *("01.02.26", "1/2/26", "01.des", "1. des. 2026", "des.12", "Dec-12", "12-mai"),
    ],
)
def test_a_date_is_no_telephone_number(tmp_path: Path, phone: Any) -> None:
    assert "a date or a time" in problem_with(tmp_path, phone=phone).reason


@pytest.mark.parametrize("phone", ["'+4791234567", "−4791234567", "+4791234567*1", "+4791234567+0", "+47=B2"])
def test_a_formula_hides_in_a_telephone_number(tmp_path: Path, phone: str) -> None:
    assert "like a formula" in problem_with(tmp_path, phone=phone).reason


@pytest.mark.parametrize("phone", ["ingen", "nan", "N/A", "?"])
def test_a_telephone_number_has_digits(tmp_path: Path, phone: str) -> None:
    assert "no digit" in problem_with(tmp_path, phone=phone).reason


@pytest.mark.parametrize("phone", ["0,5", "12.03", "1/2", "50%", "+47", "tlf 12"])
def test_a_fraction_is_no_telephone_number(tmp_path: Path, phone: str) -> None:
    assert "fewer than five digits" in problem_with(tmp_path, phone=phone).reason


@pytest.mark.parametrize("mark", ["'", "’", "+", "-", "="])
def test_a_mark_before_an_address_does_not_make_it_another(tmp_path: Path, mark: str) -> None:
    """An address that begins with an apostrophe is legal, and somebody else's."""
    assert problem_with(tmp_path, email=f"{mark}kari@example.no").column == "email"


@pytest.mark.parametrize("address", ["kari@blåbær.no", "kari@faß.de", "kari@bla\u030abær.no"])
def test_an_address_whose_domain_has_letters_of_its_own_is_taken(tmp_path: Path, address: str) -> None:
    """Such an address can be mailed, and its row was refused."""
    assert row_with(tmp_path, email=address).email == unicodedata.normalize("NFC", address)


@pytest.mark.parametrize("address", ["åse@example.no", "kari@☕.no", "kari@a\u3002no", "kari@blåbær", "kari@å_b.no"])
def test_an_address_that_nothing_can_be_sent_to_is_refused(tmp_path: Path, address: str) -> None:
    assert problem_with(tmp_path, email=address).reason.startswith("not an e-mail address")


# Letters in a wrong encoding

NAMES = [
    "Åse",
    "Bjørnå",
    "Sæther",
    "Ødegård",
    "Ærlig",
    "Čáhppe",
    "Máret Ŋ",
    "Łukasz",
    "Şahin",
    "O’Hara",
    "Zoë",
    "Müller",
]


@pytest.mark.parametrize("wrong", ["cp1252", "latin-1", "cp850", "cp865", "mac-roman"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("column", ["first_name", "organisation"])
def test_letters_encoded_twice_are_refused(tmp_path: Path, column: str, name: Any, wrong: str) -> None:
    """Ã…se, Ã¥, â€™ and their like, as they stand after UTF-8 was read as something else."""
    twice = "".join(
        bytes([byte]).decode(wrong, "ignore") or chr(byte)  # what Windows-1252 leaves undefined is a control character
        for byte in name.encode()
    )
    assert "encoded twice" in problem_with(tmp_path, **{column: twice}).reason


def test_letters_encoded_three_times_are_refused(tmp_path: Path) -> None:
    thrice = "Bjørn".encode().decode("cp1252").encode().decode("cp1252")
    assert "encoded twice" in problem_with(tmp_path, first_name=thrice).reason


@pytest.mark.parametrize("text", ["\ufffdse", "Bj\ufffdrn", "Bj\ufffd\ufffdrn"])
def test_a_letter_that_was_lost_is_refused(tmp_path: Path, text: str) -> None:
    assert "lost on the way" in problem_with(tmp_path, last_name=text).reason


@pytest.mark.parametrize("text", ["Bj?rn", "?se", "S?ther"])
def test_a_question_mark_for_a_letter_is_refused(tmp_path: Path, text: str) -> None:
    assert "in the place of a letter" in problem_with(tmp_path, last_name=text).reason


@pytest.mark.parametrize(
    "name",
    [
        *NAMES,
        "ÅSE",
        "BÅRD",
        "JOÃO",
        "Ângela",
        "ÂNGELO",
        "Ærø «Å»",
        "Reine–Å–Moskenes",
        "Å’s",
        "(Å)",
        "Äš Ärž",
        "Käšš",
        "KRÍŽ",
        "Ñusta",
        "Größe",
        "Ægir",
        "Åström",
        "Ählström",
        "DʼAngelo",
        "Sørvågen…Å…",
        "√",
        "Å•Bø",
    ],
)
def test_true_letters_are_not_taken_for_wrong_ones(tmp_path: Path, name: Any) -> None:
    assert row_with(tmp_path, area=name).area == name


@given(name=st.text(alphabet="ABCabcÆØÅæøåÄÖÜäöüÉéÁáÂâÃãČčĐđŊŋŠšŦŧŽž -'", min_size=1, max_size=12).filter(str.strip))
def test_no_name_of_northern_letters_is_refused(tmp_path_factory: pytest.TempPathFactory, name: Any) -> None:
    """Except Ŋ, Š, Ž and their like right after a capital Å, Â or Ã, which no language writes."""
    if any(name[place : place + 2].strip("ÅÂÃ") != name[place : place + 2] for place in range(len(name))):
        name = name.replace("Å", "Æ").replace("Â", "A").replace("Ã", "A")
    if name.lstrip(" '").startswith("-") or not any(letter.isalpha() for letter in name):
        name = f"A{name}"
    assert row_with(tmp_path_factory.mktemp("files"), area=name).area == " ".join(name.split())


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "mac-roman", "cp865"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_file_in_another_encoding_is_refused_in_a_sentence(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """It was told cell by cell, and the mentors without æ, ø and å were loaded."""
    rows = [KARI | {"mentor_id": f"m{number}"} for number in range(600)]
    said = refusal(tmp_path, text_of(*rows, delimiter=delimiter).encode(encoding))
    assert "lines 2, 3, 4 and 597 more" in said
    assert "Windows-1252" in said
    assert "CSV UTF-8" in said
    assert "ther" not in said.replace("another", "")


def test_one_letter_is_enough_to_know_the_encoding(tmp_path: Path) -> None:
    plain = {"coordinator_name": "Per Lie", "last_name": "Lie", "area": "Oslo"}
    content = text_of(KARI | plain, OLA | plain | {"last_name": "Bø"}).encode("cp1252")
    assert "line 3)" in refusal(tmp_path, content)


def test_a_spoilt_row_in_a_good_file_is_that_rows_problem(tmp_path: Path) -> None:
    """I13: a file that is UTF-8 but for one pasted row is no Windows-1252 file."""
    header, good, other, _ = text_of(KARI, OLA | {"last_name": "Lie"}).split("\r\n")
    found = read(tmp_path, f"{header}\r\n{good}\r\n".encode() + other.replace("Lie", "Bø").encode("cp1252", "replace"))
    assert len(found.rows) == 1
    assert {problem.line for problem in found.problems} == {3}


def test_a_file_that_was_encoded_twice_is_refused_in_a_sentence(tmp_path: Path) -> None:
    rows = [KARI | {"mentor_id": f"m{number}"} for number in range(600)]
    twice = text_of(*rows).encode().decode("cp1252").encode("utf-8-sig")
    said = refusal(tmp_path, twice)
    assert "encoded twice" in said
    assert "lines 2, 3, 4 and 597 more" in said
    assert "65001" in said


TWICE_BY = ["cp1252", "latin-1", "mac-roman", "cp850", "cp865", "cp437"]
PLAIN = {"coordinator_name": "Per Lie", "last_name": "Lie", "area": "Oslo"}


def encoded_again(text: str, wrong: str) -> str:
    return "".join(bytes([byte]).decode(wrong, "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("wrong", TWICE_BY)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_file_that_was_encoded_twice_or_more_is_refused(tmp_path: Path, wrong: Any, times: int) -> None:
    text = text_of(KARI, OLA | PLAIN, KARI | {"mentor_id": "1003"})
    for _ in range(times):
        text = encoded_again(text, wrong)
    said = refusal(tmp_path, text.encode())
    assert "encoded twice" in said
    assert "lines 2, 4" in said


def test_a_file_that_was_encoded_twice_is_refused(tmp_path: Path) -> None:
    """A name that was corrected by hand afterwards does not make the others right."""
    rows = [KARI | {"mentor_id": f"m{number}"} for number in range(40)]
    twice = encoded_again(text_of(*rows), "cp1252") + text_of(OLA).split("\r\n")[1]
    assert "lines 2, 3, 4 and 37 more" in refusal(tmp_path, twice.encode())


def test_a_file_whose_letters_were_lost_is_refused(tmp_path: Path) -> None:
    rows = [KARI | {"mentor_id": f"m{number}"} | (PLAIN if number % 2 else {}) for number in range(40)]
    said = refusal(tmp_path, text_of(*rows).encode("cp1252").decode("utf-8", "replace").encode())
    assert "lost on the way" in said
    assert "lines 2, 4, 6 and 17 more" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
        (b"PK\x05\x06" + bytes(18), "a packed file"),
        (b"\x1f\x8b\x08\x00\xff\xfe", "a packed file"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xef\xbb\xbf<html><table><tr><td>mentor_id;organisation", "a web page or XML"),
        (b"<?xml version='1.0'?><Workbook>", "a web page or XML"),
        (b"{\\rtf1\\ansi mentor_id;organisation}", "a text document"),
    ],
    ids=lambda part: ascii(part[:5]),
)
def test_another_kind_of_file_is_called_what_it_is(tmp_path: Path, content: Any, said: str) -> None:
    assert f"this is {said}, not a CSV file" in refusal(tmp_path, content)


def test_a_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UnreadableFile, match="a pipe or a device"):
        read_mentors(tmp_path / "pipe.csv")


def test_a_name_that_no_file_can_have_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="cannot be read"):
        read_mentors(tmp_path / f"{'x' * 300}.csv")


@pytest.mark.parametrize("first", ["sep=;" + ";" * 100_000 + "x", '"a"' + "\t" * 100_000 + "x"])
def test_a_long_first_line_is_read_in_no_time(tmp_path: Path, first: str) -> None:
    with pytest.raises(UnreadableFile, match="lacks"):
        read(tmp_path, f"{first}\r\n")


# Excel's own forms


@pytest.mark.parametrize("header", ["sep=;\r\n\ufeff{}", "\u200b{}\ufeff"])
def test_a_byte_order_mark_within_the_header_is_passed_over(tmp_path: Path, header: str) -> None:
    first, rest = text_of(KARI).split("\r\n", 1)
    assert len(read(tmp_path, f"{header.format(first)}\r\n{rest}").rows) == 1


def test_a_column_that_is_ignored_may_stand_twice(tmp_path: Path) -> None:
    header, row, _ = text_of(KARI).split("\r\n")
    found = read(tmp_path, f"{header};notat;Notat\r\n{row};a;b\r\n")
    assert len(found.rows) == 1
    assert found.warnings == ("notat: not a known column, ignored",)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_excels_encodings_and_delimiters_are_read(
    tmp_path: Path, encoding: str, delimiter: str, named: bool, ending: str
) -> None:
    written = KARI | {"area": f'Ås{delimiter}"Bø"'}
    text = (f"sep={delimiter}\r\n" if named else "") + text_of(written, OLA, delimiter=delimiter)
    found = read(tmp_path, text.replace("\r\n", ending).encode(encoding))
    assert (found.problems, found.warnings) == ((), ())
    assert [(row.line, row.last_name) for row in found.rows] == [(2 + named, "Sæther"), (3 + named, "Sæther")]
    assert found.rows[0].area == " ".join(written["area"].split())


def test_big_endian_utf_16_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, b"\xfe\xff" + text_of(KARI, delimiter="\t").encode("utf-16-be"))
    assert found.rows[0].last_name == "Sæther"


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-1], lambda content: content[:20] + b"\x00\xdc" + content[20:]]
)
def test_damaged_utf_16_is_refused(tmp_path: Path, damage: Any) -> None:
    assert "cut off or damaged" in refusal(tmp_path, damage(text_of(KARI).encode("utf-16")))


def test_another_delimiter_is_read_where_the_file_names_it(tmp_path: Path) -> None:
    found = read(tmp_path, "sep=|\r\n" + text_of(KARI, delimiter="|"))
    assert (len(found.rows), found.problems) == (1, ())


def test_the_line_naming_the_delimiter_may_be_saved_again(tmp_path: Path) -> None:
    assert len(read(tmp_path, "sep=;;;;;\r\n" + text_of(KARI)).rows) == 1


@pytest.mark.parametrize("marks", ["\ufeff", "\ufeff\ufeff", "\ufeffï»¿"])
def test_a_byte_order_mark_may_stand_twice(tmp_path: Path, marks: str) -> None:
    assert len(read(tmp_path, (marks + text_of(KARI)).encode()).rows) == 1


@pytest.mark.parametrize(
    ("written", "consent"),
    [
        ("SANN", True),
        ("USANN", False),
        ("sann", True),
        ("TRUE", True),
        ("FALSE", False),
        ("JA", True),
        ("NEI", False),
        ("Sant", True),
        ("Falskt", False),
        ("SAND", True),
        ("FALSK", False),
        ("TOSI", True),
        ("EPÄTOSI", False),
        ("WAHR", True),
        ("FALSCH", False),
    ],
)
def test_excels_words_for_yes_and_no_are_read(tmp_path: Path, written: str, consent: bool) -> None:
    assert row_with(tmp_path, listing_consent=written).listing_consent is consent


@pytest.mark.parametrize("left_out", range(1, len(REST) + 1))
def test_empty_cells_that_excel_leaves_out_are_read(tmp_path: Path, left_out: Any) -> None:
    """24 of 40 good rows were refused, because Excel leaves out empty cells at the end of a row."""
    emptied = KARI | dict.fromkeys(REST[-left_out:], "")
    header, row, other, _ = text_of(emptied, OLA, columns=REQUIRED_FIRST).split("\r\n")
    found = read(tmp_path, "\r\n".join((header, row[:-left_out], other)))
    assert (len(found.rows), found.problems) == (2, ())
    assert found.rows[0].listing_consent is False
    assert found.rows[0].last_name == "Sæther"


def test_a_row_cut_off_before_a_required_value_is_refused(tmp_path: Path) -> None:
    header, row, _ = text_of(KARI, columns=[*REST, "mentor_id", *REQUIRED_FIRST[1:-4]]).split("\r\n")
    found = read(tmp_path, f"{header}\r\n{row.rpartition(';')[0]}\r\n")
    assert [(problem.line, problem.column) for problem in found.problems] == [(2, "(row)")]


def test_empty_cells_and_rows_that_excel_adds_are_passed_over(tmp_path: Path) -> None:
    header, row, _ = text_of(KARI).split("\r\n")
    blank = ";" * 20
    found = read(tmp_path, f"{header};;\r\n{row};;; ;\u00a0\r\n{row[:3]}2{row[4:]}\r\n{blank}\r\n{blank}\r\n;\r\n")
    assert (len(found.rows), found.problems) == (2, ())
    assert not any("column" in warning for warning in found.warnings)


def test_empty_rows_above_the_header_are_passed_over(tmp_path: Path) -> None:
    found = read(tmp_path, ";;;;\r\n\r\n" + text_of(KARI))
    assert [row.line for row in found.rows] == [4]


def test_a_whole_line_in_one_cell_is_reported(tmp_path: Path) -> None:
    lines = text_of(KARI, delimiter=",").split("\r\n")[:2]
    said = refusal(tmp_path, "\r\n".join('"' + line.replace('"', '""') + '";;' for line in lines).encode())
    assert "stands in one cell" in said
    assert "From Text/CSV" in said


@pytest.mark.parametrize(
    "written",
    [
        "31.12.2026",
        "2026-12-31",
        "31/12/2026",
        "31-12-2026",
        "2026/12/31",
        "2026.12.31",
        "31. 12. 2026",
        "31.12.2026 00:00",
        "31.12.2026 00:00:00",
        "2026-12-31 00:00:00",
        "2026-12-31T00:00:00",
        "2026-12-31 00:00:00.000",
        "31/12/2026 0:00",
        "31. desember 2026",
        "31 December 2026",
        "31-Dec-2026",
        "31. des. 2026",
        "31. des 2026",
        "31-des-2026",
        "torsdag 31. desember 2026",
        "Thursday, December 31, 2026",
        "31.12.2026 kl. 00:00",
        "31/12/2026 12:00:00 AM",
    ],
)
def test_excels_dates_are_read(tmp_path: Path, written: str) -> None:
    assert row_with(tmp_path, expires_on=written).expires_on == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("written", "day"),
    [("5.6.2026", date(2026, 6, 5)), ("5/5/2026", date(2026, 5, 5)), ("05. mai 2026", date(2026, 5, 5))],
)
def test_short_dates_are_read_where_they_are_clear(tmp_path: Path, written: str, day: date) -> None:
    assert row_with(tmp_path, expires_on=written).expires_on == day


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("05/06/2026", 'can be read in two ways "05/06/2026"'),
        ("5-6-2026", 'can be read in two ways "5-6-2026"'),
        ("12/31/2026", 'not a date "12/31/2026"'),
        ("31.12.26", 'not a date "31.12.26"'),
        ("46387", "the number by which Excel keeps a date"),
        ("46387,0", "the number by which Excel keeps a date"),
        ("46387.5", "the number by which Excel keeps a date"),
        ("4,6387E+04", "Excel shortened"),
        ("46\u00a0387", "thousand separators"),
        ("00.01.1900", "a year out of range"),
        ("31.12.2026 14:30", "a time too"),
        ("2026-12-31T23:00:00Z", "a time too"),
        ("31. foo 2026", "not a date"),
        ("31/02/2026", 'no such day "31/02/2026"'),
        ("30. februar 2026", "no such day"),
    ],
)
@pytest.mark.parametrize("column", ["expires_on", "certified_on"])
def test_a_date_that_is_not_clear_says_what_to_do(tmp_path: Path, column: str, written: str, said: str) -> None:
    found = read(tmp_path, text_of(OLA, KARI | {column: written}))
    assert [(problem.line, problem.column) for problem in found.problems] == [(3, column)]
    assert said in found.problems[0].reason


# Texts as they are stored


def test_texts_are_composed_and_hold_nothing_unseen(tmp_path: Path) -> None:
    row = row_with(tmp_path, first_name="A\u030ase", last_name="Sæ\u00adther", area="Bø\u00a0 i\tVesterålen")
    assert (row.first_name, row.last_name, row.area) == ("Åse", "Sæther", "Bø i Vesterålen")


@pytest.mark.parametrize(
    "unseen", ["\x0b", "\x0c", "\x7f", "\x85", "\u200b", "\u200e", "\u202e", "\u2066", "\ufeff", "\u2028"]
)
@pytest.mark.parametrize("column", [*TEXTS, "phone"])
def test_control_and_direction_characters_are_refused(tmp_path: Path, column: Any, unseen: str) -> None:
    value = f"{KARI[column][:3]}{unseen}{KARI[column][3:]}"
    assert "unseen character" in problem_with(tmp_path, **{column: value}).reason


def test_a_line_break_that_was_written_out_is_refused(tmp_path: Path) -> None:
    assert "written out" in problem_with(tmp_path, area="Ås_x000D_").reason


# Organisations and coordinators in several spellings


@pytest.mark.parametrize(
    "spelling",
    ["HLF vestland", "hlf VESTLAND", "HLF  Vestland", " HLF Vestland ", "HLF\u00a0Vestland", "ＨＬＦ Vestland"],
)
def test_spellings_of_an_organisation_are_one(tmp_path: Path, spelling: str) -> None:
    """`HLF vestland` became a second organisation with other thresholds."""
    third = OLA | {"mentor_id": "1003", "email": "", "phone": "", "organisation": spelling}
    found = read(tmp_path, text_of(third, KARI, OLA))
    assert {(row.organisation_id, row.organisation) for row in found.rows} == {
        (organisation_uuid("HLF Vestland"), "HLF Vestland")
    }
    assert {row.coordinator and row.coordinator.id for row in found.rows} == {
        coordinator_uuid("HLF Vestland", email="aase@example.no", name="")
    }
    same = " ".join(spelling.split()) == "HLF Vestland"
    assert [warning.split(":")[0] for warning in found.warnings] == ([] if same else ["line 2, organisation"])


def test_of_equally_frequent_spellings_the_first_is_used(tmp_path: Path) -> None:
    found = read(tmp_path, text_of(KARI, OLA | {"organisation": "hlf vestland"}))
    assert {row.organisation for row in found.rows} == {"HLF Vestland"}


@pytest.mark.parametrize("near", ["HLF-Vestland", "HLF Vest-land", "H.L.F. Vestland", "HLFVestland"])
def test_an_organisation_that_is_nearly_the_same_is_warned_of(tmp_path: Path, near: str) -> None:
    """What might be another organisation stays one, and a person is told."""
    found = read(tmp_path, text_of(KARI, OLA | {"organisation": near}))
    assert {row.organisation for row in found.rows} == {"HLF Vestland", near}
    (warning,) = found.warnings
    assert warning.startswith("line 3, organisation: differs from another only in signs or spaces")


def test_a_coordinator_without_an_address_is_one_in_any_capitals(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        text_of(KARI | {"coordinator_email": ""}, OLA | {"coordinator_email": "", "coordinator_name": "ÅSE BØ"}),
    )
    assert {row.coordinator and row.coordinator.full_name for row in found.rows} == {"Åse Bø"}
    assert len(found.warnings) == 1


# Likely doubles


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"mentor_id": "0042"}, {"mentor_id": "42"}, "differ only in zeros"),
        ({"mentor_id": "42"}, {"mentor_id": "00042", "email": "", "phone": ""}, "differ only in zeros"),
        ({"mentor_id": "M-0042"}, {"mentor_id": "m-42"}, "differ only in zeros"),
        ({"mentor_id": "a"}, {"mentor_id": "b"}, "the same e-mail address"),
        ({"mentor_id": "a"}, {"mentor_id": "b", "email": "KARI@Example.no", "phone": ""}, "the same e-mail address"),
        (
            {"mentor_id": "a"},
            {"mentor_id": "b", "email": "kari+hlf@example.no", "phone": ""},
            "the same e-mail address",
        ),
        ({"mentor_id": "a"}, {"mentor_id": "b", "email": ""}, "the same name and telephone number"),
        (
            {"mentor_id": "a"},
            {"mentor_id": "b", "email": "", "phone": "91234567", "first_name": "KARI"},
            "the same name and telephone number",
        ),
    ],
)
def test_likely_doubles_are_loaded_and_reported_once(tmp_path: Path, first: Any, second: Any, said: str) -> None:
    """Ids `0042` and `42` of one person with one address became two mentors with two mails, without a word."""
    found = read(tmp_path, text_of(KARI | first, KARI | second))
    assert len(found.rows) == 2
    (warning,) = found.warnings
    assert said in warning
    assert "line 3 as line 2" in warning
    assert "kari" not in warning.lower()
    assert "912" not in warning


def test_different_people_are_no_doubles(tmp_path: Path) -> None:
    """A name, or the telephone of a household, may be shared."""
    others = (
        KARI | {"mentor_id": "100", "email": "", "phone": ""},
        KARI | {"mentor_id": "10", "email": "k2@example.no", "phone": "22 33 44 55"},
        OLA | {"phone": KARI["phone"]},
    )
    assert read(tmp_path, text_of(KARI, *others)).warnings == ()


def test_many_doubles_are_one_warning(tmp_path: Path) -> None:
    rows = [KARI | {"mentor_id": f"m{number}"} for number in range(600)]
    (warning,) = read(tmp_path, text_of(*rows)).warnings
    assert "line 3 as line 2, line 4 as line 2, line 5 as line 2 and 596 more" in warning


def test_numbers_that_lost_their_beginning_are_reported_once(tmp_path: Path) -> None:
    """Excel takes the + and the zeros off +4791234567 and 0701234567."""
    rows = [
        KARI | {"mentor_id": f"m{number}", "first_name": f"K{'a' * number}", "email": "", "phone": f"479123456{number}"}
        for number in range(1, 7)
    ]
    found = read(tmp_path, text_of(KARI, *rows))
    assert len(found.rows) == 7
    (warning,) = found.warnings
    assert warning.startswith("lines 3, 4, 5 and 3 more, phone: ")


# One cause, one sentence


def printed_by_run(tmp_path: Path, content: bytes) -> str:
    (tmp_path / "mentors.csv").write_bytes(content)
    command = [sys.executable, "-m", "local", "run", "--mentors", str(tmp_path / "mentors.csv")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    printed = ended.stdout + ended.stderr
    assert (ended.returncode, "Traceback" in printed) == (1, False)
    return printed


def test_a_windows_1252_file_is_few_lines_of_output(tmp_path: Path) -> None:
    """It was 2,572 lines, and the run went on with 19 mentors."""
    rows = [KARI | {"mentor_id": f"m{number}"} for number in range(600)]
    printed = printed_by_run(tmp_path, text_of(*rows).encode("cp1252"))
    assert "Windows-1252" in printed
    assert printed.count("\n") < 10


def test_many_rows_with_one_fault_are_reported_once(tmp_path: Path) -> None:
    spoilt = {"phone": "4,79123E+09", "first_name": "#NAVN?", "certified_on": "12/31/2026", "status": "aktiv"}
    rows = [KARI | spoilt | {"mentor_id": f"m{number}"} for number in range(600)]
    printed = " ".join(printed_by_run(tmp_path, text_of(*rows).encode()).split())
    assert printed.count("597 more") == 4
    assert "600 rows not loaded" in printed
    assert "the others were" not in printed


def test_problems_of_one_cause_are_one_fault_with_its_lines() -> None:
    problems = [
        *(RowProblem(line, "first_name", "encoded") for line in range(2, 8)),
        RowProblem(3, "status", 'unknown "x"'),
        *(RowProblem(line, "area", "encoded") for line in range(5, 10)),
        *(RowProblem(line, "mentor_id", f"as on line {line - 9}") for line in range(11, 16)),
        RowProblem(20, "status", 'unknown "y"'),
    ]
    assert [str(fault) for fault in faults(problems)] == [
        "lines 2, 3, 4 and 5 more, first_name, area: encoded",
        'line 3, status: unknown "x"',
        'line 20, status: unknown "y"',
        "lines 11, 12, 13 and 2 more, mentor_id: as on line 2 (so on line 11, alike on the others)",
    ]


def test_a_bad_organisations_file_reports_one_cause_once(tmp_path: Path) -> None:
    path = tmp_path / "organisations.csv"
    header = "name;timezone;org_thresholds;thresholds;reactivate_renewed\n"
    path.write_text(header + "".join(f"#NAVN?;Europe/Oslo;nei;;ja\nHLF {number};;nei;;ja\n" for number in range(50)))
    with pytest.raises(UnreadableFile) as refused:
        read_organisations(path)
    assert str(refused.value).count("\n") == 1
    assert "lines 2, 4, 6 and 47 more, name: an error of the spreadsheet" in str(refused.value)
