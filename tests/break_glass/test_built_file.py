"""The file that lies in the safe: it runs on a bare Python, holds what each system needs, and the page's words work."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from break_glass.files import read_settings
from local.break_glass.building import FOLDER, PLATFORMS, Platform
from local.single_file import PYTHON
from shared.domain.break_glass.export import COLUMNS
from tests.conftest import INSTALLING
from tests.support.glass import NEW_SECRET
from tests.support.person import Person
from tests.support.terminal import session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.foundation import Foundation
    from tests.support.glass import Glass
    from tests.support.outage import Outage
    from tests.support.syncs import EmulatedWebsite

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations" / "break-glass.md").read_text(encoding="utf-8")
BARE = os.path.realpath(sys.executable)  # the one that the environment was made from
INSIDE = "site-packages/"
# Of the standard library, what Windows has not.
UNIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
UNIX_ONLY_NAMES = {"fork", "getuid", "killpg", "setsid", "SIGHUP", "SIGKILL", "SIGALRM", "poll"}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with all files, built as `make break-glass` does."""
    folder = tmp_path_factory.mktemp("built")
    words = ["make", "--silent", "break-glass", f"GLASS_ARGS=--folder {folder}"]
    done = subprocess.run(words, cwd=ROOT, env=INSTALLING, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bare `python3.13`, which has nothing of ours."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / f"python{PYTHON}").symlink_to(BARE)
    has = subprocess.run([BARE, "-I", "-c", "import psycopg"], env={}, capture_output=True, check=False)
    assert has.returncode != 0
    return folder


def run_bare(built: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """On a bare interpreter, in an environment that holds nothing but a home."""
    return subprocess.run(
        [BARE, "-I", built / "hlf-break-glass-linux.pyz", *words],
        env={"HOME": str(home)},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_the_linux_file_makes_the_website_right(
    built: Path, glass: Glass, outage: Outage, site: EmulatedWebsite, tmp_path: Path
) -> None:
    """A bare interpreter, an empty environment, real PostgreSQL and the Dataverse emulator."""
    who = ("--actor", "Turid", "--reason", "prøve", "--yes")
    done = run_bare(built, tmp_path, "run", "--everything", *who, *glass.files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(site.visible()) == outage.to_show
    assert "Ferdig: Nettsiden er lest på nytt" in " ".join(done.stdout.split())
    assert done.stderr == ""
    glass.write_credentials(client_secret="10ca1000-0000-4000-8000-000000000009")
    done = run_bare(built, tmp_path, "check", *glass.files)
    assert done.returncode == 1
    assert "Secret ID" in done.stdout


def test_another_python_is_told_which_is_needed(built: Path, tmp_path: Path) -> None:
    """In a sentence, by whatever Python 3 is here besides."""
    others = [Path(f"/usr/bin/python3.{minor}") for minor in range(8, 20) if minor != 13]
    other = next((path for path in others if path.exists()), None)
    if other is None:
        pytest.skip("there is no other Python here")
    done = subprocess.run(
        [other, "-I", built / "hlf-break-glass-linux.pyz"],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Programmet trenger Python 3.13, og dette er Python 3.")


def test_the_same_source_gives_the_same_octets(built: Path, tmp_path: Path) -> None:
    words = ["make", "--silent", "break-glass", f"GLASS_ARGS=--folder {tmp_path} --only linux"]
    subprocess.run(words, cwd=ROOT, env=INSTALLING, check=True, capture_output=True, timeout=300)
    name = "hlf-break-glass-linux.pyz"
    assert (tmp_path / name).read_bytes() == (built / name).read_bytes()


@pytest.fixture(params=PLATFORMS, ids=lambda platform: platform.name)
def platform(request: pytest.FixtureRequest) -> Platform:
    return request.param


def test_a_checksum_stands_beside_each_file(built: Path, platform: Platform) -> None:
    digest, name = (built / f"{platform.file}.sha256").read_text().split()
    assert name == platform.file
    assert hashlib.sha256((built / name).read_bytes()).hexdigest() == digest


def test_every_wheel_is_of_its_system(built: Path, platform: Platform) -> None:
    """By the tags that each wheel states, and for the Python that the file names."""
    with zipfile.ZipFile(built / platform.file) as archive:
        wheels = [name for name in archive.namelist() if name.endswith(".dist-info/WHEEL")]
        tags = {
            name.split("/")[1]: re.findall(r"^Tag: (.+)$", archive.read(name).decode(), re.MULTILINE) for name in wheels
        }
        binaries = [name for name in archive.namelist() if re.search(r"\.(so|pyd|dylib|dll)(\.\d+)*$", name)]
    ours = {name: found for name, found in tags.items() if not any(tag.endswith("-none-any") for tag in found)}
    assert {name.split("-")[0] for name in ours} == {"psycopg_binary", "pydantic_core"}
    kind = {"linux": "manylinux", "windows": "win", "macos-arm64": "macosx", "macos-intel": "macosx"}[platform.name]
    for found in ours.values():
        assert all(tag.startswith("cp313-cp313-") for tag in found)
        assert all(kind in tag and tag.endswith(platform.tag) for tag in found), found
    suffix = {"linux": "x86_64-linux-gnu.so", "windows": "win_amd64.pyd"}.get(platform.name, "darwin.so")
    modules = [name for name in binaries if ".cp" in name or "cpython" in name]
    assert modules
    assert all(name.endswith(suffix) for name in modules)


def test_everything_that_is_imported_is_there(built: Path, platform: Platform) -> None:
    """From the program's first module on; and what each package says that it needs."""
    with zipfile.ZipFile(built / platform.file) as archive:
        names = {name.removeprefix(INSIDE) for name in archive.namelist() if name.startswith(INSIDE)}
        reached, missing = reachable(archive, names, "break_glass.start")
        needed, have = set(), set()
        for name in names:
            if name.endswith(".dist-info/METADATA"):
                metadata = archive.read(INSIDE + name).decode().replace("\r\n", "\n")
                have.add(plain(re.search(r"^Name: (.+)$", metadata, re.MULTILINE)[1]))  # type: ignore[index]
                for line in re.findall(r"^Requires-Dist: (.+)$", metadata, re.MULTILINE):
                    if needed_on(line, platform):
                        needed.add(plain(re.match(r"[\w.-]+", line)[0]))  # type: ignore[index]
    assert missing == set()
    assert {"break_glass.running", "shared.use_cases.sync_listings", "httpx", "psycopg"} <= reached
    assert needed - have == set()
    assert {"psycopg-binary", "pydantic-core", "tzdata"} <= have
    assert not {name for name in names if name.startswith(("boto", "shared/bootstrap", "shared/adapters/aws"))}


def reachable(archive: zipfile.ZipFile, names: set[str], first: str) -> tuple[set[str], set[str]]:
    """Return the modules that are imported from `first` on, and those of ours and of the wheels that are not there."""
    tops = {name.split("/")[0].removesuffix(".py") for name in names}
    reached, missing, waiting = set(), set(), [first]
    while waiting:
        module = waiting.pop()
        if module in reached:
            continue
        path = module.replace(".", "/")
        file = next((file for file in (f"{path}.py", f"{path}/__init__.py") if file in names), None)
        if file is None:
            if not any(name.startswith((f"{path}.", f"{path}/")) for name in names):  # an extension module
                missing.add(module)
            continue
        reached.add(module)
        if not module.startswith(("break_glass", "shared")):
            continue  # what the wheels import among themselves is theirs
        for node in at_run_time(ast.parse(archive.read(INSIDE + file))):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
            if isinstance(node, ast.ImportFrom):
                inside = [f"{node.module}.{alias.name}" for alias in node.names]
                found += [
                    one
                    for one in inside
                    if {f"{one.replace('.', '/')}.py", f"{one.replace('.', '/')}/__init__.py"} & names
                ]
            waiting += [one for one in found if one.split(".")[0] in tops]
            missing |= {
                one for one in found if one.split(".")[0] not in tops | set(sys.stdlib_module_names) | {"__future__"}
            }
    return reached, missing


def at_run_time(tree: ast.Module) -> Iterator[Any]:
    """Yield the imports, without those of a type checker."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        waiting += ast.iter_child_nodes(node)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed_on(line: str, platform: Platform) -> bool:
    """Return whether a requirement is one of this system's, without extras."""
    _, _, marker = line.partition(";")
    if "extra ==" in marker:
        return False
    if 'sys_platform == "win32"' in marker:
        return platform.name == "windows"
    return not re.search(r'python_version < "3\.1[0-3]"|python_full_version < "3\.1[0-3]|pypy', marker)


def test_nothing_in_it_is_for_unix_alone(built: Path) -> None:
    """Windows has no such modules and names, except where the code asks first."""
    found = []
    with zipfile.ZipFile(built / "hlf-break-glass-windows.pyz") as archive:
        names = {name.removeprefix(INSIDE) for name in archive.namelist() if name.startswith(INSIDE)}
        reached, _ = reachable(archive, names, "break_glass.start")
        for module in sorted(reached):
            path = module.replace(".", "/")
            file = f"{path}.py" if f"{path}.py" in names else f"{path}/__init__.py"
            if not module.startswith(("break_glass", "shared")):
                continue
            for node in ast.walk(ast.parse(archive.read(INSIDE + file))):
                if isinstance(node, ast.Import) and {alias.name for alias in node.names} & UNIX_ONLY:
                    found.append((module, ast.unparse(node)))
                if isinstance(node, ast.Attribute) and node.attr in UNIX_ONLY_NAMES:
                    found.append((module, ast.unparse(node)))
    assert found == []


def test_there_is_a_calendar_of_the_rehearsals(built: Path) -> None:
    """Quarterly, as the page says."""
    text = (built / "hlf-break-glass.ics").read_bytes().decode()
    assert "RRULE:FREQ=YEARLY;BYMONTH=1,4,7,10;BYDAY=1TU\r\n" in text
    assert "Første tirsdag i januar, april, juli og oktober (`hlf-break-glass.ics`" in PAGE


def test_the_built_folder_is_not_in_the_repository() -> None:
    assert f"{FOLDER.relative_to(ROOT).parts[0]}/" in (ROOT / ".gitignore").read_text().splitlines()


# The page -------------------------------------------------------------------------------------------------------------


def console() -> list[str]:
    """The commands of the Norwegian part, in their order."""
    norwegian = PAGE.partition("## For who builds it")[0]
    blocks = re.findall(r"^ *```console\n(.*?)^ *```$", norwegian, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()]


def test_the_page_names_the_files_that_are_built() -> None:
    short = {f"-{p.name}.pyz" for p in PLATFORMS}
    assert all(f"`hlf-break-glass{name}`" in PAGE or f"`{name}`" in PAGE for name in short)
    named = set(re.findall(r"hlf-break-glass-[\w-]+\.pyz", PAGE))
    assert named <= {p.file for p in PLATFORMS}
    assert f"Python {PYTHON}" in PAGE


def test_the_checksum_of_the_page_is_right(built: Path, tmp_path: Path) -> None:
    (line,) = re.findall(r"^ *\| Linux \| `(.+?)` \|$", PAGE, re.MULTILINE)
    done = subprocess.run(["bash", "-c", line], cwd=built, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "hlf-break-glass-linux.pyz: OK\n")
    (tmp_path / "hlf-break-glass-linux.pyz").write_bytes(b"another file")
    (tmp_path / "hlf-break-glass-linux.pyz.sha256").write_bytes(
        (built / "hlf-break-glass-linux.pyz.sha256").read_bytes()
    )
    assert subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_the_settings_of_the_page_are_read(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "innstillinger.json").write_text(block)
    read = read_settings(tmp_path / "innstillinger.json")
    assert read["database"]["username"] == "break_glass_a"
    assert read["dynamics"]["url"] == "https://hlf.crm4.dynamics.com"


@contextmanager
def typed(line: str, folder: Path, python: Path) -> Iterator[Person]:
    """Type a command of the page in the person's folder."""
    environment = {"PATH": f"{python}:/usr/bin:/bin", "HOME": str(folder)}
    with session(["bash", "-c", f"cd {folder} && {line}"], environment) as at:
        yield Person(at)


def test_the_commands_of_the_page_do_what_it_says(
    built: Path, python: Path, glass: Glass, outage: Outage, site: EmulatedWebsite, foundation: Foundation
) -> None:
    """Each as it stands, in its order, by a person who types what is asked for."""
    trial, hide, everything, from_csv, imports, check = console()
    folder = glass.folder
    (folder / "hlf-break-glass-linux.pyz").symlink_to(built / "hlf-break-glass-linux.pyz")
    (folder / "innstillinger.json").write_text(glass.settings_file.read_text())
    password = str(glass.login["password"])

    def done(line: str, *answers: tuple[str, str]) -> str:
        with typed(line, folder, python) as turid:
            for question, answer in answers:
                turid.answers(question, answer)
            code, end = turid.ends()
        assert code == 0, f"{line}: {turid.at.shown}"
        assert NEW_SECRET not in turid.at.shown
        assert password not in turid.at.shown
        return end

    who = (("Hva heter du?", "Turid Vik"), ("Hvorfor gjør du dette?", "øvelse"))
    database, secret, yes = (
        ("Hva er passordet", password),
        ("Hva er klienthemmeligheten", NEW_SECRET),
        ("Skriv ja", "ja"),
    )
    assert "Hemmeligheten virker" in done(check, database, secret)
    assert "Dette var bare en prøve. Ingenting er endret." in done(trial, database, secret)
    assert outage.to_hide <= set(site.visible())
    assert "ingen vises som ikke skal vises" in done(hide, *who, database, secret, yes)
    assert set(site.visible()) == {str(outage.fine), str(outage.changed)}
    assert "er som den skal være" in done(everything, *who, database, secret, yes)
    assert set(site.visible()) == outage.to_show
    rows = foundation.all("SELECT * FROM certification.break_glass_export()")
    lines = [",".join(COLUMNS)]
    for row in rows:
        values = [str(value) if value is not None else "" for value in row]
        values[2] = "no" if row[0] == outage.fine else values[2]
        lines.append(",".join('"' + value.replace('"', '""') + '"' for value in values))
    (folder / "eksport.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert done(from_csv, *who, secret, yes).endswith(f"tilbake: {imports.partition(' --settings')[0]}")
    assert set(site.visible()) == outage.to_show - {str(outage.fine)}
    assert "2 linjer er lagt inn, 0 var lagt inn fra før." in done(imports, database)
    assert "0 linjer er lagt inn, 2 var lagt inn fra før." in done(imports, database)


def test_a_rehearsal_with_the_built_file_holds(built: Path, tmp_path: Path) -> None:
    """`make rehearse-break-glass`, on a stack of its own."""
    words = [sys.executable, "-m", "local", "rehearse-break-glass", "--file", str(built / "hlf-break-glass-linux.pyz")]
    environment = {**os.environ, "CERTIFICATION_LOCAL_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert "the automation finds nothing to do" in done.stdout


def test_the_metadata_names_what_is_pinned(built: Path) -> None:
    """What is in the file is what requirements/break-glass.txt pins, and what the functions run on."""
    pinned = dict(
        re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements" / "break-glass.txt").read_text(), re.MULTILINE)
    )
    deployed = dict(
        re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "shared" / "requirements.txt").read_text(), re.MULTILINE)
    )
    assert {name: deployed[name] for name in pinned} == pinned
    packages = built / "packages" / "linux"
    found = {
        plain(str(one.metadata["Name"])): one.version
        for one in (PathDistribution(path) for path in packages.glob("*.dist-info"))
    }
    assert found == {plain(name): version for name, version in pinned.items()}
