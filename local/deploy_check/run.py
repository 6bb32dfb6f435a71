"""Follow the guide: the template on two emulators, then each line of the steps, then what must have been used."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import psycopg

from emulators.dataverse.process import LocalDataverse
from emulators.dns.server import LocalDns
from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.sam import read_yaml
from emulators.ses.server import LocalSes
from local import surroundings
from local.deploy_check import person
from local.deploy_check.database import PASSWORD, AppDatabase, app_database
from local.deploy_check.environment import SERVICES, ministack, moto, write_programs
from local.deploy_check.guide import Block, blocks, commands
from local.deploy_check.running import Functions, names_of, running, stack_of
from local.deploy_check.sam_command import build
from local.deploy_check.stages import EVERY_PARAMETER, stack_name, stages, unused
from local.deploy_check.translated import REGION, ROOT, built, translated
from local.stack.aws import CREDENTIALS, LocalAws
from local.stack.mail import DNS_RECORDS
from operations.errors import OperationsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from local.deploy_check.stacks import Emulator
    from local.deploy_check.translated import Translated

GUIDE: Final = ROOT / "docs" / "operations" / "deploy.md"
OUTPUTS = "The outputs of the stack"
_HEADINGS: Final = ("The steps",)
_CONFIG: Final = ROOT / "samconfig.toml"
# What a line ends with where a person has something to do yet.
_EXPECTED: Final = {"hlf-operations setup": (0, 3)}
_SECONDS: Final = 300


@dataclass
class Check:
    """One whole check, in a folder of its own."""

    folder: Path
    begin: Callable[[str], None]
    """Say that a step begins."""
    environment: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Raise OperationsError with one sentence where a step fails."""
        installing = dict(os.environ)  # what is installed on the way needs this machine's proxies and authorities
        surroundings.forget_everything()
        self.begin("sam build")
        if build(installing, "--config-env", "prod") != 0:
            raise OperationsError("sam build failed; its own words are above")
        self.every_stage(built())
        with ExitStack() as running_parts:
            self.one_stack(running_parts)

    def every_stage(self, template: Path) -> None:
        """Deploy every stage of samconfig.toml, and one stack with every parameter, into both emulators."""
        document = read_yaml(template)
        if left := unused(document):
            raise OperationsError(
                f"no value for {', '.join(left)} in local/deploy_check/stages.py, or the template does not use it"
            )
        every = {name: value for name, value in EVERY_PARAMETER.items() if name in document["Parameters"]}
        given = stages(_CONFIG)
        staged = {name: parameters for name, parameters in given.items() if name != "default"} or given
        stacks = {}
        for stage, parameters in {**staged, "every parameter": every}.items():
            self.begin(f"translating the template for {stage}")
            stacks[stage] = _translated(template, stage, parameters)
        with LocalAws(self.folder / "stages", SERVICES) as aws:
            self._deploy_all(stacks, ministack(_client(aws.url)))
        with moto() as emulator:
            self._deploy_all(stacks, emulator)

    def _deploy_all(self, stacks: Mapping[str, Translated], emulator: Emulator) -> None:
        for stage, one in stacks.items():
            self.begin(f"{emulator.name} deploys {stage}")
            made = emulator.deploy(f"check-{stage.replace(' ', '-')}", one.template, one.parameters)
            if missing := made.missing(one.present):
                raise OperationsError(
                    f"{emulator.name} passes over {', '.join(missing)}: if it cannot make that kind, name the kind in"
                    " local/deploy_check/not_emulated.py"
                )

    def one_stack(self, parts: ExitStack) -> None:
        """Follow the guide's lines in an empty account beside the app's database."""
        self.begin("an empty account, and the app's database with an owner who is no superuser")
        database = parts.enter_context(app_database(self.folder))
        aws = parts.enter_context(LocalAws(self.folder / "aws", SERVICES))
        ses = parts.enter_context(LocalSes(self.folder / "mail"))
        names = parts.enter_context(LocalDns(dict(DNS_RECORDS)))
        dataverse = parts.enter_context(LocalDataverse(self.folder, limits="off"))
        write_programs(self.folder / "bin")
        self.environment = {
            **CREDENTIALS,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ENDPOINT_URL_SESV2": ses.url,
            "PATH": f"{self.folder / 'bin'}:{os.environ.get('PATH', os.defpath)}",
            "PGPASSWORD": PASSWORD,
            "HOME": str(self.folder),
        }
        of_functions = {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ENDPOINT_URL_SESV2": ses.url,
            "DATAVERSE_URL": dataverse.url,
            "ENTRA_AUTHORITY": dataverse.url,
            "SETTLING_SECONDS": "0",
            "DNS_SERVER": names.address,
        }
        self.begin("HLF IT sets up Dynamics")
        credential = person.hlf_it(dataverse)
        (self.folder / "dataverse.json").write_text(credential, encoding="utf-8")
        functions: Functions | None = None
        [outputs] = blocks(GUIDE, OUTPUTS)
        for block in blocks(GUIDE, *_HEADINGS):
            for line in commands(block) if block.kind == "console" else (block.text,):
                self.begin(f"deploy.md:{block.line}  {_short(line)}")
                person.before(line, self.environment)
                printed = self._follow(Block(block.kind, line, block.line), database)
                if line.startswith("sam deploy"):
                    functions = self._bring_up(parts, aws.url, ses, of_functions)
                    self.environment |= self._variables(outputs)
                    person.set_polling(self.environment, enabled=False)
                    person.set_time_zones(self.environment, functions.time_zone)
                elif functions is not None:
                    person.after(line, printed, self.environment, database, functions)
        if functions is None:
            raise OperationsError("the guide has no line that begins with sam deploy")
        self.begin("every function, secret and role was used")
        person.nothing_left_out(self.environment, database, functions)

    def _bring_up(self, parts: ExitStack, aws_url: str, ses: LocalSes, environment: Mapping[str, str]) -> Functions:
        environments = stages(_CONFIG)
        stage = "prod" if "prod" in environments else "default"
        stack = stack_name(_CONFIG, stage)
        client = _client(aws_url)("cloudformation")
        described = client.describe_stacks(StackName=stack)["Stacks"][0]
        resources = {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for page in client.get_paginator("list_stack_resources").paginate(StackName=stack)
            for one in page["StackResourceSummaries"]
        }
        one = translated(built(), environments[stage], stack)
        functions = parts.enter_context(
            running(
                stack_of(one.loaded, resources),
                names_of(described, resources),
                environment,
                ses,
                self.folder / "logs",
            )
        )
        functions.time_zone = one.parameters["TimeZone"]
        self.environment["AWS_ENDPOINT_URL_LAMBDA"] = functions.invoke_url
        return functions

    def _follow(self, block: Block, database: AppDatabase) -> str:
        if block.kind == "sql":
            with psycopg.connect(database.owners, autocommit=True) as connection:
                connection.execute(block.text.encode())
            return ""
        done = self.bash(person.here(block.text, database))
        expected = next((codes for begin, codes in _EXPECTED.items() if block.text.startswith(begin)), (0,))
        if done.returncode not in expected:
            said = " ".join((done.stdout + done.stderr).split())[-900:]
            raise OperationsError(
                f"deploy.md:{block.line} ends with {done.returncode}: {_short(block.text)}. It says: {said}"
            )
        return done.stdout

    def bash(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a line of the guide as it is typed."""
        return subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )

    def _variables(self, outputs: Block) -> dict[str, str]:
        """Run the guide's loop over the outputs, and return what it has set."""
        said = self.bash(f"{outputs.text}\nenv").stdout
        set_now = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return {name: value for name, value in set_now.items() if name not in self.environment and name.isupper()}


def _translated(template: Path, stage: str, parameters: Mapping[str, str]) -> Translated:
    try:
        return translated(template, parameters, f"check-{stage.replace(' ', '-')}")
    except TemplateError as error:
        raise OperationsError(f"the template of {stage} cannot be deployed: {error}") from None


def _client(url: str) -> Callable[[str], Any]:
    import boto3  # noqa: PLC0415 - not before the surroundings are forgotten

    def client(service: str) -> Any:  # noqa: ANN401 - the clients share no type
        return boto3.client(  # type: ignore[call-overload]
            service,
            REGION,
            endpoint_url=url,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    return client


def _short(line: str) -> str:
    words = " ".join(line.split())
    return words if len(words) <= 64 else f"{words[:63]}…"  # noqa: PLR2004
