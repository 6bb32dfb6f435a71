"""deploy-check: what the local CloudFormations make of the template, and how the guide's lines are followed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from emulators.lambda_host.template.sam import read_yaml
from local.deploy_check import aws_command, sam_command
from local.deploy_check.environment import SERVICES, ministack, moto
from local.deploy_check.guide import blocks, commands
from local.deploy_check.not_emulated import MINISTACK, MOTO, kind
from local.deploy_check.run import GUIDE, Check, _client
from local.deploy_check.stacks import closure, without
from local.deploy_check.stages import EVERY_PARAMETER, complete, overrides, stack_name, stages, unused
from local.deploy_check.tls import TlsProxy
from local.deploy_check.translated import ROOT, Translated, translated
from local.stack.aws import CREDENTIALS, LocalAws
from operations.errors import OperationsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.deploy_check.stacks import Emulator
    from local.stack.postgres import Postgres

TEMPLATE = ROOT / "template.yaml"
CONFIG = ROOT / "samconfig.toml"


@pytest.fixture(scope="module")
def whole() -> Translated:
    """The template with every parameter, so that every condition holds that can."""
    known = read_yaml(TEMPLATE)["Parameters"]
    return translated(TEMPLATE, {n: value for n, value in EVERY_PARAMETER.items() if n in known}, "check")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws"), SERVICES) as aws:
        yield aws


@contextmanager
def first(aws: LocalAws) -> Iterator[Emulator]:
    yield ministack(_client(aws.url))


def test_every_stage_deploys_into_both_emulators(tmp_path: Path) -> None:
    """Each resource of dev, staging, prod and of every parameter is made, or its kind is listed by name."""
    said: list[str] = []
    Check(tmp_path, said.append).every_stage(TEMPLATE)
    deployed = {tuple(line.split(" deploys ")) for line in said if " deploys " in line}
    named = [*(name for name in stages(CONFIG) if name != "default"), "every parameter"]
    assert deployed == {(emulator, stage) for emulator in ("ministack", "moto") for stage in named}


@pytest.mark.parametrize("listed", sorted(MINISTACK | MOTO))
def test_what_is_listed_is_in_the_template(whole: Translated, listed: str) -> None:
    """An entry that no resource has hides nothing, and is to go."""
    assert listed in {kind(one) for one in whole.template["Resources"].values()}


@pytest.mark.parametrize(
    ("name", "listed"), [("ministack", one) for one in sorted(MINISTACK)] + [("moto", one) for one in sorted(MOTO)]
)
def test_what_is_listed_is_still_not_made(whole: Translated, aws: LocalAws, name: str, listed: str) -> None:
    """A kind that an emulator has learned is taken off the list in local/deploy_check/not_emulated.py."""
    one = next(n for n, found in whole.template["Resources"].items() if kind(found) == listed and n in whole.present)
    with first(aws) if name == "ministack" else moto() as emulator:
        assert not emulator.makes(whole.template, one, whole.parameters)


def test_what_is_not_listed_is_made_alone_too(whole: Translated, aws: LocalAws) -> None:
    """So `makes` says no for a reason."""
    with first(aws) as emulator:
        assert emulator.makes(whole.template, "SyncRequests", whole.parameters)
    with moto() as emulator:
        assert emulator.makes(whole.template, "SyncRequests", whole.parameters)


def test_an_emulator_that_refuses_is_one_sentence(whole: Translated, aws: LocalAws) -> None:
    broken = {**whole.template, "Outputs": {}, "Resources": {"X": {"Type": "AWS::Unknown::Thing", "Properties": {}}}}
    with first(aws) as emulator, pytest.raises(OperationsError, match=r"^ministack does not deploy broken \("):
        emulator.deploy("broken", broken, whole.parameters)


def test_a_kind_that_an_emulator_passes_over_stops_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """moto says CREATE_COMPLETE of a stack of which it has made a half."""
    monkeypatch.setattr("local.deploy_check.environment.MOTO", MOTO - {"AWS::SNS::Subscription"})
    with pytest.raises(OperationsError, match=r"moto passes over \w+ \(AWS::SNS::Subscription\)"):
        Check(tmp_path, lambda _: None).every_stage(TEMPLATE)


def test_every_parameter_has_a_value_and_is_used() -> None:
    document = read_yaml(TEMPLATE)
    assert unused(document) == ()
    document["Parameters"] |= {"Forgotten": {"Type": "String"}, "SettlingSeconds2": {"Type": "String"}}
    assert unused(document) == ("Forgotten", "SettlingSeconds2")
    for name, value in EVERY_PARAMETER.items():
        declared = document["Parameters"].get(name, {})
        if "Default" in declared and name != "GradualDeployment":
            assert str(declared["Default"]) != value, name


def test_a_parameter_is_read_as_sam_reads_it() -> None:
    assert overrides('A=1 B="two words"') == {"A": "1", "B": "two words"}
    assert overrides(["A=1", "B=x=y"]) == {"A": "1", "B": "x=y"}
    with pytest.raises(OperationsError, match="Nonsense, which the template does not have"):
        complete({"Parameters": {}}, {"Nonsense": "1"})
    with pytest.raises(OperationsError, match=r"give the parameter New a value in local/deploy_check/stages.py"):
        complete({"Parameters": {"New": {}}}, {})


def test_samconfig_names_the_stack_of_each_stage() -> None:
    assert stack_name(CONFIG, "prod") == "hlf-certification"
    assert all(stack_name(CONFIG, name) for name in stages(CONFIG))


def test_a_resource_needs_what_it_names() -> None:
    template = {
        "Resources": {
            "A": {"Properties": {"X": {"Ref": "B"}, "Y": {"Fn::Sub": "a ${C.Arn}"}}},
            "B": {"Properties": {"X": {"Fn::GetAtt": ["D", "Arn"]}}, "DependsOn": ["E"]},
            "C": {},
            "D": {},
            "E": {},
            "F": {},
        }
    }
    assert closure(template, "A") == set("ABCDE")
    left = without(template, {"C", "D", "E"})["Resources"]
    assert left["A"]["Properties"] == {"X": {"Ref": "B"}, "Y": {"Fn::Sub": "a not-emulated"}}
    assert "DependsOn" not in left["B"]
    assert "GetAtt" not in json.dumps(left)


# The guide ------------------------------------------------------------------------------------------------------------


def test_the_steps_are_read_in_their_order() -> None:
    found = [line for block in blocks(GUIDE, "The steps") if block.kind == "console" for line in commands(block)]
    programs = [line.split()[0] for line in found]
    assert set(programs) == {"hlf-operations", "sam", "aws"}
    shortened = [re.sub(r" --.*", "", line) for line in found]
    order: list[str] = ["hlf-operations migrate", "sam build", "sam deploy", "hlf-operations setup"]
    assert [line for line in shortened if line in order] == order
    heard = [line for line in found if "test-alert" in line]  # after setup, which fills the secret that it takes
    assert [" --acknowledge " in line for line in heard] == [False, True]
    assert found.index(heard[0]) > shortened.index("hlf-operations setup")
    assert shortened[-1] == "hlf-operations verify-integration"
    with pytest.raises(OperationsError, match="has no heading 'Gone' any more"):
        blocks(GUIDE, "Gone")


def test_a_block_knows_its_line(tmp_path: Path) -> None:
    """For the sentence that says where the guide fails."""
    (tmp_path / "g.md").write_text("# G\n\n## S\n\n1. x\n\n   ```console\n   a \\\n     b\n   c\n   ```\n\n## T\n")
    [block] = blocks(tmp_path / "g.md", "S")
    assert (block.line, block.kind, commands(block)) == (8, "console", ("a b", "c"))


def test_the_aws_of_the_guide_is_that_of_boto3(aws: LocalAws, monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.json").write_text('{"a": 1}')
    named = ["--name", "from-the-guide"]
    assert aws_command.main(["secretsmanager", "create-secret", *named, "--secret-string", "file://v.json"]) == 0
    capsys.readouterr()
    read = ["secretsmanager", "get-secret-value", "--secret-id", "from-the-guide", "--output", "text"]
    assert aws_command.main([*read, "--query", "SecretString"]) == 0
    assert capsys.readouterr().out == '{"a": 1}\n'
    assert aws_command.main(["sns", "create-topic", "--nam", "x"]) == 2
    assert "has no --nam" in capsys.readouterr().err


def test_a_line_of_sam_that_nobody_follows_is_refused(capsys: Any) -> None:
    assert sam_command.main(["sync", "--watch"]) == 2
    assert "does not know: sam sync --watch" in capsys.readouterr().err


def test_the_database_demands_tls_by_its_own_authority(tmp_path: Path, postgres: Postgres) -> None:
    """As RDS and Supabase do; a client that trusts another authority hangs up."""
    with TlsProxy(postgres.port) as proxy:
        proxy.write_authority(tmp_path / "ca.pem")
        named: dict[str, Any] = {"host": "localhost", "port": proxy.port, "user": "postgres"}
        named |= {"password": postgres.password, "dbname": "postgres", "sslmode": "verify-full"}
        with psycopg.connect(**named, sslrootcert=str(tmp_path / "ca.pem")) as connection:
            assert connection.pgconn.ssl_in_use
            assert connection.execute("SELECT repeat('x', 300000)").fetchone() == ("x" * 300000,)
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            psycopg.connect(**named, sslrootcert="system")


@pytest.mark.slow
def test_the_guide_leads_from_nothing_to_a_proof_that_says_yes(tmp_path: Path) -> None:
    """Every line of the steps, on a real build, a real database and real functions; every secret and role is used."""
    done = subprocess.run(
        [sys.executable, "-m", "local", "deploy-check"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    assert "The guide works" in done.stdout
    for block in blocks(GUIDE, "The steps"):
        assert f"deploy.md:{block.line} " in done.stdout
