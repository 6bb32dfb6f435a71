"""What the documents say is so: nothing is left out, no reference leads nowhere, every command and query works."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import typer
from samtranslator.yaml_helper import yaml_parse
from typer.testing import CliRunner

from local.cli import app
from local.mentors_file.mentors import COLUMNS, ORGANISATION_COLUMNS, read_mentors
from operations.cli import app as operations
from shared.adapters.email.rendering import templates
from shared.domain.alerts import Language, anchor
from shared.domain.comparison import NOTHING_COMPARED
from shared.domain.conditions import MOST_URGENT_FIRST
from shared.domain.listings import SyncResult
from shared.domain.runs import DEGRADING, RunState
from shared.domain.webhook import Refusal
from shared.domain.wording.languages import TEXTS
from shared.observability import metric_name
from shared.settings import (
    DashboardSettings,
    MailSettings,
    OperationsSettings,
    QueueSettings,
    ReconciliationSettings,
    RepairSettings,
    Settings,
    SignInSettings,
    WebhookSettings,
    WebsiteSettings,
)
from shared.use_cases.consume_sync_requests import consume_sync_requests
from shared.use_cases.force_sync import FORCE_SYNC_COUNTS
from shared.use_cases.mail_events import MAIL_EVENT_COUNTS
from shared.use_cases.publish_alerts import ALERT_COUNTS
from shared.use_cases.status_changed import no_counts
from shared.use_cases.sweep import SWEEP_COUNTS
from tests.support.foundation import DAY
from tests.support.there import there

if TYPE_CHECKING:
    from emulators.ses.server import LocalSes
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "data" / "README.md"])
RAW = {path: path.read_text(encoding="utf-8") for path in DOCUMENTS}
# A command that goes on after a backslash is one line here. What tells old names is not of today.
_OF_OLD_NAMES = re.compile(r"^##+ (Retired words|Names that changed)\n.*", re.MULTILINE | re.DOTALL)
TEXT = {path: re.sub(r" \\\n *", " ", _OF_OLD_NAMES.sub("", text)) for path, text in RAW.items()}
METRICS, KOORDINATOR, MENTORS_FILE, CONTRACT = (
    TEXT[ROOT / "docs" / f"{name}.md"] for name in ("metrics", "koordinator", "mentors-file", "contract")
)
OPERATIONS = "\n".join(text for path, text in TEXT.items() if path.parent == ROOT / "docs" / "operations")
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):.*##", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"^([A-Z_]+) *[?:]?=", MAKEFILE, re.MULTILINE)) | set(
    re.findall(r"\$\(([A-Z_]+)\)", MAKEFILE)
)
LOCAL: Any = typer.main.get_command(app)
# The operators' program; `python -m local` has the same commands, on its own target.
OPERATORS: Any = typer.main.get_command(operations)
PROGRAMS = ("python -m local", "python -m operations", "hlf-operations")
# Each by its words: `rejected list` is one.
LEAVES = {
    words
    for name, command in LOCAL.commands.items()
    for words in ([(name, under) for under in command.commands] if hasattr(command, "commands") else [(name,)])
}

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# An address of somebody else's documentation has a slash or a dot before its `docs/`.
_REFERENCE = re.compile(r"(?<![\w/.-])docs/[\w./-]*")
_QUOTED_HEADING = re.compile(r'(docs/[\w/-]+\.md), "([^"]+)"')


def fences(text: str, *languages: str) -> list[str]:
    return [body for _, language, body in _FENCE.findall(text) if language in languages]


def prose(text: str) -> str:
    return _FENCE.sub("", text)


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)


def anchors(text: str) -> set[str]:
    """As GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(text)}


def rows(text: str) -> set[str]:
    """What stands in backticks at the beginning of a table's row."""
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def section(text: str, heading: str) -> str:
    """From a heading to the next of its rank or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found, heading
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def commands(word: str) -> list[tuple[str, str]]:
    """Every command that begins so, in console blocks and in the running text, with the document it stands in."""
    found = []
    for path, text in TEXT.items():
        lines = [
            line.partition(" # ")[0].partition("  #")[0].strip()
            for body in fences(text, "console", "sh", "bash")
            for line in body.splitlines()
        ]
        lines += re.findall(r"`([^`\n]+)`", prose(text))
        found += [(path.relative_to(ROOT).as_posix(), line) for line in lines if line.startswith(f"{word} ")]
    return sorted(set(found))


def arguments(line: str) -> list[str]:
    """Return the words of a command after the program."""
    program = next(program for program in PROGRAMS if line.startswith(f"{program} "))
    return [word for word in shlex.split(line)[len(program.split()) :] if word != "…"]


def sources() -> list[Path]:
    kinds = {".py", ".sql", ".yaml", ".toml", ".sh", ".md", ".txt", ".in"}
    folders = (
        "functions",
        "shared",
        "operations",
        "break_glass",
        "emulators",
        "local",
        "benchmarks",
        "dataverse",
        "tests",
        "data",
        "docs",
        "requirements",
    )
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    found += [path for path in ROOT.iterdir() if path.is_file() and (path.suffix in kinds or path.name == "Makefile")]
    return sorted(path for path in found if path != Path(__file__))


def references() -> list[tuple[str, str]]:
    return sorted(
        {
            (path.relative_to(ROOT).as_posix(), found.rstrip("."))
            for path in sources()
            for found in _REFERENCE.findall(path.read_text(encoding="utf-8"))
        }
    )


def links() -> list[tuple[str, str]]:
    return sorted(
        {
            (path.relative_to(ROOT).as_posix(), target)
            for path, text in TEXT.items()
            for target in _LINK.findall(prose(text))
            if not re.match(r"[a-z]+:", target)
        }
    )


# What is there is described -------------------------------------------------------------------------------------------


def test_every_metric_is_described_and_no_other(foundation: Foundation, functions: Functions, ses: LocalSes) -> None:
    foundation.organisation()
    functions.nightly_check(DAY)
    functions.send(DAY)
    made = {metric_name(count.measure) for entry in functions.reported.organisations for count in entry[3]}
    made |= {metric_name(f"runs_{state}") for state in RunState}
    made |= {metric_name(measure) for measure in no_counts()}
    consume_sync_requests((), sync=lambda _: SyncResult({}), queue=functions.asked, report=functions.reported)
    made |= {metric_name(measure) for _, counts, _ in functions.reported.works for measure in counts}
    made |= {metric_name(measure) for measure in (*NOTHING_COMPARED, *SWEEP_COUNTS, *ALERT_COUNTS, *FORCE_SYNC_COUNTS)}
    made |= {metric_name(measure) for measure in MAIL_EVENT_COUNTS}
    made |= {metric_name(measure) for measure in foundation.all("SELECT measure FROM certification.count_waiting()")}
    assert rows(section(METRICS, "Metrics")) == made


def test_a_metrics_measure_stands_beside_it() -> None:
    for metric, measure in re.findall(r"^\| `(\w+)` \| `(\w+)` \|", section(METRICS, "Metrics"), re.MULTILINE):
        assert metric_name(measure) == metric


def test_every_alarm_is_described_beside_a_metric() -> None:
    alarms = {name for name, made in TEMPLATE["Resources"].items() if made["Type"] == "AWS::CloudWatch::Alarm"}
    assert alarms
    named = set(re.findall(r"`(\w+Alarm)`", METRICS))
    families = tuple(re.findall(r"`…(\w+Alarm)`", METRICS))
    assert named <= alarms
    assert [alarm for alarm in alarms - named if not alarm.endswith(families)] == []


def test_every_log_message_is_described() -> None:
    said = set()
    for path in [*ROOT.glob("shared/**/*.py"), *ROOT.glob("functions/*.py")]:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("logger()."):
                argument = next(iter(call.args), None)
                said |= {argument.value} if isinstance(argument, ast.Constant) else set()
    assert said
    assert rows(section(METRICS, "Log messages")) == said


def test_every_reason_for_refusing_a_webhook_is_explained() -> None:
    """Every reason for which a webhook is refused is explained."""
    explained = " ".join(
        re.findall(r"^ *\| (`.+?) \| [45]", section(OPERATIONS, "The webhook does not arrive"), re.MULTILINE)
    )
    assert [refusal for refusal in Refusal if f"`{refusal}`" not in explained] == []


def test_every_environment_variable_is_described() -> None:
    environments = [TEMPLATE["Globals"]["Function"], *(r.get("Properties", {}) for r in TEMPLATE["Resources"].values())]
    used = {name for made in environments for name in made.get("Environment", {}).get("Variables", {})}
    models: list[Any] = [Settings, MailSettings, WebsiteSettings, QueueSettings, WebhookSettings]
    models += [OperationsSettings, RepairSettings, ReconciliationSettings, SignInSettings, DashboardSettings]
    used |= {field.alias for model in models for field in model.model_fields.values()}
    for path in (*ROOT.glob("local/**/*.py"), *ROOT.glob("operations/**/*.py")):
        used |= set(re.findall(r"environ\.get\(\"([A-Z_]+)\"|envvar=\"([A-Z_]+)\"", path.read_text(encoding="utf-8")))
    used = {name for names in used for name in ((names,) if isinstance(names, str) else names) if name}
    # Those of a terminal and of every program are not ours to describe.
    assert rows(section(METRICS, "Environment variables")) == used - {"PATH", "COLUMNS", "TMPDIR", "TERM", "NO_COLOR"}


def test_every_template_parameter_is_described_with_its_default() -> None:
    described = section(METRICS, "Template parameters")
    assert rows(described) == set(TEMPLATE["Parameters"])
    for name, parameter in TEMPLATE["Parameters"].items():
        value = parameter.get("Default")
        default = "none" if value is None else f"`{value}`" if value != "" else "empty"
        assert f"| `{name}` | {default} |" in described


def test_every_setting_of_an_organisation_is_described(connection: psycopg.Connection) -> None:
    columns = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'certification'"
        " AND table_name = 'organisation_settings' AND column_name <> 'organisation_id'"
    ).fetchall()
    assert rows(section(METRICS, "Settings of an organisation")) == {name for (name,) in columns}
    may = next(line for line in section(CONTRACT, "What the app may do").splitlines() if "change settings" in line)
    assert {name for (name,) in columns if f"`{name}`" not in may} == set()


def test_every_code_that_degrades_a_run_has_a_heading_of_its_own() -> None:
    codes = re.findall(r"^### ([a-z_]+)$", section(OPERATIONS, "Degraded: what each code means"), re.MULTILINE)
    assert sorted(codes) == sorted(DEGRADING)


@pytest.mark.parametrize("words", sorted(LEAVES))
def test_every_command_is_shown(words: Any) -> None:
    shown = [arguments(line) for program in PROGRAMS for _, line in commands(program)]
    assert any(tuple(given[: len(words)]) == words for given in shown)


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_make_target_is_shown(target: Any) -> None:
    assert any(target in line.split() for _, line in commands("make"))


@pytest.mark.parametrize("event", sorted(path.name for path in ROOT.glob("events/*.json")))
def test_every_event_is_shown(event: Any) -> None:
    assert any(f"events/{event}" in text for text in TEXT.values())


def test_every_column_of_a_file_is_described() -> None:
    described = MENTORS_FILE + TEXT[ROOT / "data" / "README.md"]
    assert {name for name in (*COLUMNS, *ORGANISATION_COLUMNS) if f"`{name}`" not in described} == set()
    named = there(re.search(r"\nmentor_id,.*\n", MENTORS_FILE))[0].strip().split(",")
    assert {name for name in COLUMNS if f"`{name}`" not in MENTORS_FILE} <= set(named)


def test_every_section_of_a_digest_is_on_the_coordinators_page() -> None:
    titles = re.findall(r'\{\{ heading\("([^"]+)"', templates("digest")["nb"])
    assert titles == re.findall(r"^\| \*\*(.+?)\*\* \|", KOORDINATOR, re.MULTILINE)


@pytest.mark.parametrize("locale", ["nn", "en"])
def test_the_coordinators_page_has_them_in_each_language(locale: str) -> None:
    """Nynorsk was missing; and so was the brake, which coordinators meet in each."""
    part = KOORDINATOR.split({"nn": "## På nynorsk", "en": "## In English"}[locale])[1].split("\n## ")[0]
    for title in re.findall(r'\{\{ heading\("([^"]+)"', templates("digest")[locale]):
        assert f"*{title}*" in part
    assert re.search(r"uvanleg mange|unusually many", part)


# What is described is there -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_table_is_unbroken(path: Any) -> None:
    """A head, a line under it, and as many cells in each row; a blank line ends a table."""
    for table in re.findall(r"(?:^ *\|.*\n)+", prose(TEXT[path]), re.MULTILINE):
        lines = table.splitlines()
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
        assert (len(cells), bool(re.fullmatch(r" *\|(?:-+\|)+", [*lines, ""][1]))) == (1, True), lines[0]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_line_is_longer_than_120_columns(path: Any) -> None:
    """Except a row of a table, which cannot be broken."""
    lines = enumerate(RAW[path].splitlines(), start=1)
    assert [number for number, line in lines if len(line) > 120 and not line.lstrip().startswith("|")] == []


@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if path.parent in (ROOT / "docs", ROOT / "docs/operations")]
)
def test_a_document_names_its_reader_first(path: Any) -> None:
    title, first = [line for line in RAW[path].splitlines() if line][:2]
    assert first.startswith("For ") or title.startswith("# For ")


def test_the_glossary_has_each_word_once_in_order() -> None:
    words = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", TEXT[ROOT / "docs" / "glossary.md"], re.MULTILINE)[1:]
    assert words == sorted(set(words), key=str.casefold)


def test_every_condition_is_in_the_table_of_alerts() -> None:
    """The most urgent first, each with its title."""
    listed = re.findall(r"^\| \[`(\w+)`\]\(#([\w-]+)\) \| ([^|]+) \|", OPERATIONS, re.MULTILINE)
    english = TEXTS[Language.EN]
    assert listed == [(one, anchor(one), english.of(one).title) for one in MOST_URGENT_FIRST]


@pytest.mark.parametrize(("document", "target"), links())
def test_a_link_leads_somewhere(document: Any, target: Any) -> None:
    name, _, anchor = target.partition("#")
    path = (ROOT / document).parent / name if name else ROOT / document
    assert path.exists()
    if anchor:
        assert anchor in anchors(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("source", "reference"), references())
def test_a_reference_to_the_documents_leads_somewhere(source: Any, reference: Any) -> None:
    """A decision may be named by its number alone."""
    if re.fullmatch(r"docs/decisions/\d{4}", reference):
        assert list(ROOT.glob(f"{reference}-*.md"))
    else:
        assert (ROOT / reference).exists()


def test_a_heading_that_is_referred_to_by_its_name_is_there() -> None:
    referred = [found for path in sources() for found in _QUOTED_HEADING.findall(path.read_text(encoding="utf-8"))]
    assert referred
    for document, heading in referred:
        assert heading in headings((ROOT / document).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("document", "line"), [shown for program in PROGRAMS for shown in commands(program)])
def test_a_command_that_is_shown_is_one(document: Any, line: Any) -> None:
    """Its options and arguments are taken, and it has a help; none is carried out."""
    words = arguments(line)
    if not words or words[0].startswith("-"):
        assert CliRunner().invoke(app, words or ["--help"]).exit_code == 0
        return
    if not line.startswith("python -m local"):
        assert words[0] in OPERATORS.commands
    name = next(name for name in LEAVES if tuple(words[: len(name)]) == name)
    command = (LOCAL if line.startswith("python -m local") else OPERATORS).commands[name[0]]
    for word in name[1:]:
        command = command.commands[word]
    if words[len(name) :]:
        command.make_context(name[-1], words[len(name) :])
    assert CliRunner().invoke(app, [*name, "--help"]).exit_code == 0
    assert all((ROOT / word).exists() for word in words if word.startswith(("events/", "data/")))


@pytest.mark.parametrize(("document", "line"), commands("make"))
def test_a_make_command_that_is_shown_is_one(document: Any, line: Any) -> None:
    words = [word.partition("=") for word in shlex.split(line)[1:]]
    assert {name for name, given, _ in words if not given} <= TARGETS
    assert {name for name, given, _ in words if given} <= VARIABLES


@pytest.mark.parametrize(
    ("document", "statement"),
    [
        pytest.param(path.name, body, id=f"{path.name}-{number}")
        for path, text in TEXT.items()
        for number, body in enumerate(fences(text, "sql"), start=1)
    ],
)
def test_a_statement_that_is_shown_runs_as_it_stands(
    connection: psycopg.Connection, document: Any, statement: Any
) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(statement.encode())


def test_the_statements_that_settle_a_notice_do(connection: psycopg.Connection) -> None:
    """Sent, given back and put back, on a notice that is of unknown outcome."""
    stuck = (
        "INSERT INTO certification.notices (id, run_id, organisation_id, kind, mentor_id, certification_expiry_date,"
        " state, sender_run_id, claimed_at) OVERRIDING SYSTEM VALUE SELECT 123, gen_random_uuid(), gen_random_uuid(),"
        " 'expired', gen_random_uuid(), '2026-11-30', 'claimed', gen_random_uuid(), now() - interval '1 hour'"
    )
    statements = fences(section(OPERATIONS, "A notice is stuck or of unknown outcome"), "sql")
    find, *settle = statements
    [put_back] = [body for body in fences(OPERATIONS, "sql") if "put_back_manually" in body]
    for statement, state in zip(settle, ("sent", "pending"), strict=True):
        with connection.transaction(force_rollback=True):
            connection.execute(stuck)
            assert there(connection.execute(find.encode()).fetchone())[0] == 123
            assert connection.execute(statement.encode()).fetchone() == ("changed",)
            assert connection.execute("SELECT state FROM certification.notices").fetchone() == (state,)
            assert connection.execute(find.encode()).fetchone() is None
    with connection.transaction(force_rollback=True):
        connection.execute(stuck)
        connection.execute("UPDATE certification.notices SET state = 'undeliverable', reason = 'x', settled_at = now()")
        connection.execute(put_back.encode())
        assert connection.execute("SELECT state FROM certification.notices").fetchone() == ("pending",)


def test_the_logins_may_call_their_functions_and_read_nothing(
    database: TestDatabase, connection: psycopg.Connection
) -> None:
    """A login of a function may call what its function calls, and read nothing."""
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE ROLE expiry_check_a LOGIN IN ROLE certification_expiry_check")
        connection.execute("SET LOCAL ROLE expiry_check_a")
        connection.execute("SELECT certification.start_run('expiry_check', now(), 'a-request')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("SELECT * FROM public.peer_mentors")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute(
                "SELECT * FROM certification.claim_notice(gen_random_uuid(), gen_random_uuid(), true, now()::date)"
            )


def test_every_certification_name_that_is_written_exists(connection: psycopg.Connection) -> None:
    """Every name in the schema certification that a document writes exists."""
    known = {
        name
        for (name,) in connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'certification'::regnamespace"
            " UNION SELECT proname FROM pg_proc WHERE pronamespace = 'certification'::regnamespace"
        )
    }
    for path, text in TEXT.items():
        assert (path.name, set(re.findall(r"`certification\.(\w+)", text)) - known) == (path.name, set())


def test_every_file_that_is_named_exists() -> None:
    """Paths of the repository in backticks, such as those of the tests that guard an invariant."""
    folders = "tests|shared|functions|operations|emulators|local|events|data|dataverse|benchmarks|docs"
    for path, text in TEXT.items():
        named = set(re.findall(rf"`((?:{folders})/[\w./-]*)`", text))
        # Words in capitals stand for others.
        missing = {name for name in named if not re.search(r"[A-Z]{4}", name) and not (ROOT / name).exists()}
        assert (path.name, missing) == (path.name, set())


def test_the_refusals_in_the_mentors_file_are_the_real_ones(tmp_path: Path) -> None:
    example = fences(MENTORS_FILE, "csv")[-1].splitlines(keepends=True)
    file = tmp_path / "mentors.csv"
    file.write_bytes("".join(example[:-1]).encode() + example[-1].encode("cp1252"))
    table = re.findall(r"^\| (line \d+, \S+) \| (.+) \|$", MENTORS_FILE, re.MULTILINE)
    assert table == [tuple(str(problem).split(": ", 1)) for problem in read_mentors(file).problems]


def test_the_smallest_file_is_one(tmp_path: Path) -> None:
    file = tmp_path / "mentors.csv"
    file.write_text(fences(MENTORS_FILE, "csv")[0], encoding="utf-8")
    read = read_mentors(file)
    assert len(read.rows) == 1
    assert read.problems == ()


def test_what_is_added_to_the_apps_tables_is_in_the_contract(connection: psycopg.Connection) -> None:
    triggers = connection.execute(
        "SELECT DISTINCT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'certification%'"
    ).fetchall()
    assert triggers
    for (name,) in [*triggers, ("certifications_expires_on",)]:
        assert f"`{name}`" in CONTRACT
