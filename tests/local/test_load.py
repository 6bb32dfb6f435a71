"""The loader against a real PostgreSQL: all of a file or nothing, and the same file twice is the same as once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from local.mentors_file.known_organisations import nearly_known
from local.mentors_file.load import LoadReport, load
from local.mentors_file.mentors import MentorFile, mentor_uuid, organisation_uuid, read_mentors, read_organisations

if TYPE_CHECKING:
    from tests.conftest import TestDatabase

DATA = Path(__file__).parents[2] / "data"
HEADER = (
    "mentor_id,organisation,coordinator_name,coordinator_email,first_name,last_name,status,listing_consent,expires_on\n"
)
KARI = "kari,HLF Moss,Åse Ø,ase@example.no,Kari,Sæther,active,yes,2026-12-31\n"
OLA = "ola,HLF Moss,,,Ola,D'Angelo,paused,no,2028-02-29\n"

# xmin changes with every new version of a row, also with an update that changes nothing.
EVERYTHING = """
SELECT 'organisation', id, xmin::text, to_jsonb(o) FROM public.organisations AS o
UNION ALL SELECT 'coordinator', id, xmin::text, to_jsonb(c) FROM public.coordinators AS c
UNION ALL SELECT 'mentor', id, xmin::text, to_jsonb(m) FROM public.peer_mentors AS m
UNION ALL SELECT 'certification', mentor_id, xmin::text, to_jsonb(e) FROM public.certifications AS e
ORDER BY 1, 2
"""


@pytest.fixture
def mentors(tmp_path: Path) -> Any:
    def written(rows: str, header: str = HEADER) -> MentorFile:
        path = tmp_path / "mentors.csv"
        path.write_text(header + rows)
        return read_mentors(path)

    return written


@pytest.fixture
def organisations(tmp_path: Path) -> Any:
    path = tmp_path / "organisations.csv"
    path.write_text("name,timezone,org_thresholds,thresholds,reactivate_renewed\nHLF Moss,Europe/Stockholm,no,,yes\n")
    return read_organisations(path)


def everything(connection):
    return connection.execute(EVERYTHING).fetchall()


def test_every_value_arrives_as_the_file_has_it(connection: psycopg.Connection, mentors: Any) -> None:
    load(connection, mentors(KARI + OLA), ())
    found = connection.execute(
        """
        SELECT m.id, o.id, o.name, o.timezone, c.full_name, c.email, c.locale, m.first_name, m.last_name, m.email,
               m.phone, m.area, m.status, m.listing_consent, m.locale, e.certified_on, e.expires_on
        FROM public.peer_mentors AS m
        JOIN public.organisations AS o ON o.id = m.organisation_id
        JOIN public.certifications AS e ON e.mentor_id = m.id
        LEFT JOIN public.coordinators AS c ON c.id = m.coordinator_id AND c.organisation_id = o.id
        ORDER BY m.first_name
        """
    ).fetchall()
    moss = (organisation_uuid("HLF Moss"), "HLF Moss", "Europe/Oslo")
    ase = ("Åse Ø", "ase@example.no", "nb")
    kari = ("Kari", "Sæther", None, None, None, "active", True, "nb", date(2023, 12, 31), date(2026, 12, 31))
    ola = ("Ola", "D'Angelo", None, None, None, "paused", False, "nb", date(2025, 2, 28), date(2028, 2, 29))
    assert found == [(mentor_uuid("kari"), *moss, *ase, *kari), (mentor_uuid("ola"), *moss, None, None, None, *ola)]


def test_the_data_set_is_loaded_whole(connection: psycopg.Connection) -> None:
    report = load(connection, read_mentors(DATA / "mentors.csv"), read_organisations(DATA / "organisations.csv"))
    assert report == LoadReport(organisations=3, coordinators=12, mentors=600, certifications=600, changed=1215)
    assert len(everything(connection)) == 1215


def test_the_same_files_twice_touch_no_row(connection: psycopg.Connection) -> None:
    files = read_mentors(DATA / "mentors.csv"), read_organisations(DATA / "organisations.csv")
    load(connection, *files)
    before = everything(connection)
    report = load(connection, *files)
    assert report.changed == 0
    assert report.mentors == 600
    assert everything(connection) == before


def test_a_changed_row_changes_that_mentor_and_no_other(connection: psycopg.Connection, mentors: Any) -> None:
    load(connection, mentors(KARI + OLA), ())
    before = everything(connection)
    renewed = OLA.replace("2028-02-29", "2030-01-01").replace("paused", "active")
    assert load(connection, mentors(KARI + renewed), ()).changed == 2
    changed = [new for old, new in zip(before, everything(connection), strict=True) if old != new]
    assert [(kind, mentor) for kind, mentor, _, _ in changed] == [
        ("certification", mentor_uuid("ola")),
        ("mentor", mentor_uuid("ola")),
    ]
    assert changed[0][3]["expires_on"] == "2030-01-01"
    assert changed[1][3]["status"] == "active"


def test_every_column_of_a_mentor_and_a_coordinator_can_change(connection: psycopg.Connection, tmp_path: Path) -> None:
    header = (
        "mentor_id,organisation,coordinator_name,coordinator_email,coordinator_locale,first_name,last_name,email,phone,"
        "area,status,listing_consent,locale,certified_on,expires_on\n"
    )
    first = "m,A,C,c@example.no,nb,F,L,f@example.no,1,X,active,no,nb,2024-01-01,2027-01-01"
    path = tmp_path / "all.csv"
    path.write_text(header + first + "\n")
    load(connection, read_mentors(path), ())
    cells = first.split(",")
    second = "m,B,D,d@example.no,nn,G,M,g@example.no,2,Y,paused,yes,en,2024-01-02,2027-01-02"
    for place, other in list(enumerate(second.split(",")))[1:]:
        changed = [*cells[:place], other, *cells[place + 1 :]]
        path.write_text(header + ",".join(changed) + "\n")
        assert load(connection, read_mentors(path), ()).changed > 0, header.split(",")[place]
        path.write_text(header + first + "\n")
        assert load(connection, read_mentors(path), ()).changed > 0, header.split(",")[place]
        assert load(connection, read_mentors(path), ()).changed == 0


def test_what_the_file_does_not_mention_stays(connection: psycopg.Connection, mentors: Any) -> None:
    load(connection, mentors(KARI + OLA), ())
    before = everything(connection)
    load(connection, mentors(OLA), ())
    assert everything(connection) == before


def test_the_mentors_file_leaves_the_time_zone(
    connection: psycopg.Connection, mentors: Any, organisations: Any
) -> None:
    """The organisations file sets the time zone and the mentors file leaves it."""
    load(connection, mentors(KARI), organisations)
    zone = "SELECT timezone FROM public.organisations"
    assert connection.execute(zone).fetchall() == [("Europe/Stockholm",)]
    load(connection, mentors(KARI), ())
    assert connection.execute(zone).fetchall() == [("Europe/Stockholm",)]
    load(connection, mentors(KARI), (replace(organisations[0], timezone="Europe/Oslo"),))
    assert connection.execute(zone).fetchall() == [("Europe/Oslo",)]


def test_an_organisation_named_by_mentors_alone_is_created(
    connection: psycopg.Connection, mentors: Any, organisations: Any
) -> None:
    """An organisation that only the mentors name is created beside those described."""
    report = load(connection, mentors(KARI + OLA.replace("HLF Moss", "HLF Ås")), organisations)
    assert report.organisations == 2
    found = connection.execute("SELECT name, timezone FROM public.organisations ORDER BY name").fetchall()
    assert found == [("HLF Moss", "Europe/Stockholm"), ("HLF Ås", "Europe/Oslo")]


def test_organisations_can_come_without_mentors(connection: psycopg.Connection, organisations: Any) -> None:
    report = load(connection, MentorFile((), (), ()), organisations)
    assert report == LoadReport(organisations=1, coordinators=0, mentors=0, certifications=0, changed=1)


def test_when_the_last_statement_fails_nothing_is_loaded(connection: psycopg.Connection, mentors: Any) -> None:
    """Here the certifications, which are written last, meet a rule of the database that one of them breaks."""
    connection.execute("ALTER TABLE public.certifications ADD CHECK (expires_on < '2028-01-01')")
    with pytest.raises(psycopg.errors.CheckViolation):
        load(connection, mentors(KARI + OLA), ())
    assert everything(connection) == []


def test_the_good_rows_of_a_file_with_bad_ones_are_loaded(connection: psycopg.Connection, mentors: Any) -> None:
    files = mentors(KARI + OLA.replace("paused", "pause") + OLA.replace("ola", "per"))
    assert len(files.problems) == 1
    load(connection, files, ())
    found = connection.execute("SELECT id FROM public.peer_mentors").fetchall()
    assert {mentor for (mentor,) in found} == {mentor_uuid("kari"), mentor_uuid("per")}


def test_it_can_be_one_step_of_a_larger_transaction(database: TestDatabase, mentors: Any) -> None:
    """It leaves no temporary table and can be one step of a larger transaction."""
    with psycopg.connect(database.dsn) as connection:
        load(connection, mentors(KARI), ())
        with connection.transaction():
            load(connection, mentors(OLA), ())
            assert load(connection, mentors(KARI + OLA), ()).changed == 0
        left = connection.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'incoming%'").fetchone()
        assert left == (0,)


def test_loading_commits_by_itself(database: TestDatabase, connection: psycopg.Connection, mentors: Any) -> None:
    with psycopg.connect(database.dsn) as other:
        load(other, mentors(KARI), ())
        assert len(everything(connection)) == 4


@pytest.mark.parametrize(
    "spelling", ["hlf moss", "HLF  MOSS", "\uff28\uff2c\uff26 Moss", "HLF\u00a0Moss", "HLF Mo\u00adss"]
)
def test_an_organisation_is_found_in_any_spelling(connection: psycopg.Connection, mentors: Any, spelling: str) -> None:
    """Issue 8 F: `HLF vestland` became a second organisation with other thresholds."""
    load(connection, mentors(KARI), ())
    before = everything(connection)
    assert load(connection, mentors(KARI.replace("HLF Moss", spelling)), ()).changed == 0
    assert everything(connection) == before
    assert load(connection, mentors(OLA.replace("HLF Moss", spelling)), ()).changed == 2
    assert connection.execute("SELECT name FROM public.organisations").fetchall() == [("HLF Moss",)]


def test_a_spelling_finds_an_organisation_of_the_app(
    connection: psycopg.Connection, mentors: Any, organisations: Any
) -> None:
    """Issue 8 F: the app gives organisations ids of its own."""
    ours = connection.execute(
        "INSERT INTO public.organisations (name) VALUES ('HLF moss'), ('HLF Oslo') RETURNING id"
    ).fetchone()
    load(connection, mentors(KARI + OLA), organisations)
    assert connection.execute("SELECT DISTINCT organisation_id FROM public.peer_mentors").fetchall() == [ours]
    assert connection.execute("SELECT organisation_id FROM public.coordinators").fetchall() == [ours]
    names = connection.execute("SELECT name, timezone FROM public.organisations ORDER BY name").fetchall()
    assert names == [("HLF Moss", "Europe/Stockholm"), ("HLF Oslo", "Europe/Oslo")]


def test_the_organisations_file_gives_the_spelling(
    connection: psycopg.Connection, mentors: Any, organisations: Any
) -> None:
    """Issue 8 F: settings belong to the organisation, however the mentors' file writes its name."""
    report = load(connection, mentors(KARI.replace("Moss", "MOSS") + OLA.replace("Moss", "MOSS")), organisations)
    assert (report.organisations, report.changed) == (1, 6)
    found = connection.execute("SELECT id, name, timezone FROM public.organisations").fetchall()
    assert found == [(organisation_uuid("HLF Moss"), "HLF Moss", "Europe/Stockholm")]


@pytest.mark.parametrize("near", ["HLF-Moss", "H.L.F. Moss", "HLFMoss"])
def test_an_organisation_that_is_nearly_a_known_one_is_reported(
    connection: psycopg.Connection, mentors: Any, organisations: Any, near: str
) -> None:
    """Issue 8 F: a file that wrote "HLF-Moss" throughout got other thresholds than HLF Moss has, without a word."""
    file = mentors(KARI.replace("HLF Moss", near))
    (reported,) = nearly_known(connection, file, organisations)
    assert reported.startswith("line 2, organisation: ")
    assert "Moss" not in reported
    assert nearly_known(connection, mentors(KARI + OLA), organisations) == ()
    load(connection, file)
    assert nearly_known(connection, file, organisations) == ()


def test_two_spellings_already_in_the_database_stay_two(connection: psycopg.Connection, mentors: Any) -> None:
    """Issue 8 F: what is there is not merged behind the app's back."""
    for name in ("HLF Moss", "HLF moss"):
        connection.execute(
            "INSERT INTO public.organisations (id, name) VALUES (%s, %s)", (organisation_uuid(name), name)
        )
    load(connection, mentors(KARI.replace("Moss", "moss")), ())
    found = connection.execute("SELECT organisation_id FROM public.peer_mentors").fetchall()
    assert found == [(organisation_uuid("HLF moss"),)]


def test_ids_that_lost_their_zeros_are_reported(connection: psycopg.Connection, mentors: Any) -> None:
    """Issue 8 F: a file saved again by Excel has 42 for 0042, so that each mentor is there twice."""
    kari = "0042,HLF Moss,,,Kari,Lie,active,yes,2026-12-31,kari@example.no,\n"
    ola = "0043,HLF Moss,,,Ola,Bø,active,yes,2026-12-31,,91234567\n"
    header = HEADER.replace("\n", ",email,phone\n")
    assert load(connection, mentors(kari + ola, header), ()).warnings == ()
    assert load(connection, mentors(kari + ola, header), ()).warnings == ()
    per = "0044,HLF Moss,,,Per,Mo,active,yes,2026-12-31,per@example.no,91234567\n"
    (warning,) = load(
        connection, mentors(per + kari.replace("0042", "42") + ola.replace("0043", "43"), header)
    ).warnings
    assert warning.startswith("lines 3, 4: ")
    assert "another mentor_id" in warning
    assert "kari" not in warning
