#!/usr/bin/env python3
"""Make what the listings need in Dataverse: table, columns, alternate key, security role, application user.

For HLF's IT department (docs/operations/hlf-it.md). It needs Python 3.11 or newer and nothing else, and talks to the
Web API of one environment as the administrator who runs it. It may be run again at any time: what is there stays as it
is, and what differs is reported and not changed.

Exit codes: 0 all is as it should be; 1 something is missing (--dry-run) or differs; 2 the command line was not
understood; 3 the environment could not be asked.

Sources: https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-entity-definitions-using-web-api
https://learn.microsoft.com/power-apps/developer/data-platform/define-alternate-keys-entity
https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/replaceprivilegesrole
https://learn.microsoft.com/power-apps/developer/data-platform/webapi/associate-disassociate-entities-using-web-api
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

API = "/api/data/v9.2/"
CRM = "Microsoft.Dynamics.CRM."
ROLE = "HLF likepersoner på nettsiden"
PRIVILEGES = ("Read", "Create", "Write")
"""Of the table, for all its rows. Nothing is ever deleted. WhoAmI and definitions need no privilege."""
LENGTHS = {
    "full_name": 200,
    "first_name": 100,
    "last_name": 100,
    "phone": 50,
    "email": 100,
    "area": 200,
    "organisation": 200,
}
KEY_LENGTH = 36
LABELS = {
    "full_name": "Navn",
    "first_name": "Fornavn",
    "last_name": "Etternavn",
    "phone": "Telefon",
    "email": "E-post",
    "area": "Område",
    "organisation": "Organisasjon",
}
SYSTEM_COLUMNS = {"statecode", "statuscode"}


class NotReachedError(Exception):
    """The environment could not be asked, or refused; the message says why."""


class Environment:
    """The Web API of one environment, with the token of the person who runs this."""

    def __init__(self, url: str, token: str, solution: str = "") -> None:
        parts = urlsplit(url)
        self.host, self.secure = parts.netloc, parts.scheme == "https"
        self.headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json; charset=utf-8",
            "OData-MaxVersion": "4.0",
            "OData-Version": "4.0",
        }
        if solution:
            self.headers["MSCRM.SolutionUniqueName"] = solution

    def get(self, path: str) -> dict[str, Any] | None:
        """Return the JSON at a path, or None if nothing is there. Raises NotReachedError."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> None:
        """Send JSON to a path. Raises NotReachedError."""
        self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any] | None:
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        connection = kind(self.host, timeout=120)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, API + quote(path, safe="/$()=',?&."), body=content, headers=self.headers)
            reply = connection.getresponse()
            text = reply.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise NotReachedError(f"{self.host} kan ikke nås: {error}") from None
        finally:
            connection.close()
        if reply.status == http.HTTPStatus.NOT_FOUND and method == "GET":
            return None
        if reply.status >= http.HTTPStatus.BAD_REQUEST:
            raise NotReachedError(f"{method} {path.partition('?')[0]}: {reply.status} {_message(text)}")
        found: dict[str, Any] = json.loads(text) if text.strip() else {}
        return found


def _message(text: str) -> str:
    try:
        error = json.loads(text)["error"]
        return f"{error['code']} {error['message']}"
    except (ValueError, KeyError, TypeError):
        return "uten forklaring"


class SetUp:
    """The steps, in their order. Each looks first, and makes what is missing unless this is a dry run."""

    def __init__(self, environment: Environment, mapping: dict[str, Any], *, dry_run: bool) -> None:
        self.environment, self.mapping, self.dry_run = environment, mapping, dry_run
        self.set_name: str = mapping["table"]
        self.name = self.set_name.removesuffix("s")
        self.wrong = 0

    def run(self, application_id: str, wait: float) -> None:
        """Do all of it. Raises NotReachedError."""
        if self.table():
            self.columns()
            self.key(wait)
        unit = self._one("businessunits?$select=businessunitid&$filter=_parentbusinessunitid_value eq null")
        if unit is None:
            raise NotReachedError("miljøet har ingen rotenhet (business unit)")
        unit_id = unit["businessunitid"]
        self.user(application_id, unit_id, self.role(unit_id))

    def table(self) -> bool:
        """Make the table with the column of its primary name. Return whether it is there."""
        path = f"EntityDefinitions(LogicalName='{self.name}')"
        found = self.environment.get(f"{path}?$select=EntitySetName,IsOptimisticConcurrencyEnabled")
        what = f"tabellen {self.name}"
        if found is None:
            primary = next(name for name, field in self.mapping["columns"].items() if field in LENGTHS)
            primary = next((n for n, f in self.mapping["columns"].items() if f == "full_name"), primary)
            self._make(
                what,
                "EntityDefinitions",
                {
                    "@odata.type": f"{CRM}EntityMetadata",
                    "SchemaName": self.name,
                    "EntitySetName": self.set_name,
                    "DisplayName": _label("Likeperson"),
                    "DisplayCollectionName": _label("Likepersoner"),
                    "Description": _label("Likepersoner på nettsiden. Skrives av sertifiseringssystemet."),
                    "OwnershipType": "UserOwned",
                    "IsActivity": False,
                    "HasActivities": False,
                    "HasNotes": False,
                    "Attributes": [self._column(primary) | {"IsPrimaryName": True}],
                },
            )
            return not self.dry_run
        self._says(what, "finnes")
        if found["EntitySetName"] != self.set_name:
            self._differs(f"{what} heter {found['EntitySetName']} i Web API, ikke {self.set_name}")
        if not found["IsOptimisticConcurrencyEnabled"]:
            self._differs(f"{what} har ikke radversjoner (IsOptimisticConcurrencyEnabled)")
        return True

    def columns(self) -> None:
        """Make the columns that are published, the key's, and the flags that are no system columns."""
        path = f"EntityDefinitions(LogicalName='{self.name}')/Attributes"
        found = self.environment.get(f"{path}?$select=LogicalName,AttributeType") or {"value": []}
        kinds = {one["LogicalName"]: one["AttributeType"] for one in found["value"]}
        lengths = self.environment.get(f"{path}/{CRM}StringAttributeMetadata?$select=LogicalName,MaxLength")
        longest = {one["LogicalName"]: one["MaxLength"] for one in (lengths or {"value": []})["value"]}
        flags = [name for name in self.mapping["show"] if name not in SYSTEM_COLUMNS]
        for name in (self.mapping["key"], *self.mapping["columns"], *flags):
            wanted = self._column(name)
            what = f"kolonnen {name}"
            if name not in kinds:
                self._make(what, path, wanted)
            elif kinds[name] != wanted["AttributeType"]:
                self._differs(f"{what} er av typen {kinds[name]}, ikke {wanted['AttributeType']}")
            elif longest.get(name, 0) < wanted.get("MaxLength", 0):
                self._differs(f"{what} tar bare {longest[name]} tegn, ikke {wanted['MaxLength']}")
            else:
                self._says(what, "finnes")

    def key(self, wait: float) -> None:
        """Make the alternate key, and wait until its index is built."""
        path = f"EntityDefinitions(LogicalName='{self.name}')/Keys"
        column = self.mapping["key"]
        what = f"den alternative nøkkelen på {column}"
        state = self._key_state(path)
        if state is None:
            body = {"SchemaName": f"{column}_key", "DisplayName": _label("Likepersonens id"), "KeyAttributes": [column]}
            self._make(what, path, {"@odata.type": f"{CRM}EntityKeyMetadata", **body})
            if self.dry_run:
                return
        until = time.monotonic() + wait
        while (state := self._key_state(path)) not in {"Active", "Failed"}:
            if time.monotonic() > until:
                raise NotReachedError(f"{what} er ikke ferdig ennå ({state}): kjør dette på nytt om noen minutter")
            time.sleep(min(5.0, wait / 10 + 0.05))
        if state == "Failed":
            self._differs(f"{what} kunne ikke bygges: to rader har samme verdi. Rett det, og velg Reactivate Key")
        else:
            self._says(what, "er aktiv")

    def _key_state(self, path: str) -> str | None:
        found = self.environment.get(f"{path}?$select=KeyAttributes,EntityKeyIndexStatus") or {"value": []}
        for key in found["value"]:
            if key["KeyAttributes"] == [self.mapping["key"]]:
                return str(key["EntityKeyIndexStatus"])
        return None

    def role(self, unit: str) -> str | None:
        """Make the role and give it exactly the privileges it needs. Return its id; None if it is not there."""
        query = f"roles?$select=roleid&$filter=name eq '{ROLE}' and _businessunitid_value eq {unit}"
        what = f"sikkerhetsrollen {ROLE}"
        found = self._one(query)
        if found is None:
            self._make(what, "roles", {"name": ROLE, "businessunitid@odata.bind": f"/businessunits({unit})"})
            found = self._one(query)
        else:
            self._says(what, "finnes")
        definition = self.environment.get(f"EntityDefinitions(LogicalName='{self.name}')?$select=Privileges")
        if found is None or definition is None:
            return None
        needed = [
            {"PrivilegeId": one["PrivilegeId"], "Depth": "Global"}
            for one in definition["Privileges"]
            if one["PrivilegeType"] in PRIVILEGES
        ]
        if not self.dry_run:
            # Added, not put in place of others: another organisation's mapping may be to another table.
            self.environment.post(f"roles({found['roleid']})/{CRM}AddPrivilegesRole", {"Privileges": needed})
            self._says(f"rollen har {', '.join(PRIVILEGES)} på {self.name}", "er gitt")
        role: str = found["roleid"]
        return role

    def user(self, application_id: str, unit: str, role: str | None) -> None:
        """Make the application user and give it the role."""
        query = f"systemusers?$select=systemuserid&$filter=applicationid eq {application_id}"
        what = f"programbrukeren (application user) for {application_id}"
        found = self._one(query)
        if found is None:
            self._make(
                what,
                "systemusers",
                {"applicationid": application_id, "businessunitid@odata.bind": f"/businessunits({unit})"},
            )
            found = self._one(query)
        else:
            self._says(what, "finnes")
        if found is None or role is None:
            return
        path = f"systemusers({found['systemuserid']})/systemuserroles_association"
        roles = (self.environment.get(f"{path}?$select=roleid,name") or {"value": []})["value"]
        if all(one["roleid"] != role for one in roles):
            scheme = "https" if self.environment.secure else "http"
            address = f"{scheme}://{self.environment.host}{API}roles({role})"
            self._make("rollen til programbrukeren", f"{path}/$ref", {"@odata.id": address})
        else:
            self._says("programbrukeren har rollen", "finnes")
        if others := [one["name"] for one in roles if one["roleid"] != role]:
            self._differs(f"programbrukeren har også andre roller: {', '.join(others)}. Fjern dem")

    def _column(self, name: str) -> dict[str, Any]:
        field = self.mapping["columns"].get(name)
        common: dict[str, Any] = {"SchemaName": name, "RequiredLevel": _NOT_REQUIRED}
        if field is None and name != self.mapping["key"]:
            options: dict[str, Any] = {
                f"{word}Option": {"Value": n, "Label": _label(said)} for word, n, said in _YES_NO
            }
            return common | {
                "@odata.type": f"{CRM}BooleanAttributeMetadata",
                "AttributeType": "Boolean",
                "AttributeTypeName": {"Value": "BooleanType"},
                "DisplayName": _label(name),
                "DefaultValue": False,
                "OptionSet": options | {"OptionSetType": "Boolean"},
            }
        return common | {
            "@odata.type": f"{CRM}StringAttributeMetadata",
            "AttributeType": "String",
            "AttributeTypeName": {"Value": "StringType"},
            "DisplayName": _label("Likepersonens id" if field is None else LABELS[field]),
            "FormatName": {"Value": "Text"},
            "MaxLength": KEY_LENGTH if field is None else LENGTHS[field],
        }

    def _one(self, query: str) -> dict[str, Any] | None:
        found = (self.environment.get(query) or {"value": []})["value"]
        return found[0] if found else None

    def _make(self, what: str, path: str, body: dict[str, Any]) -> None:
        if self.dry_run:
            self.wrong += 1
            self._says(what, "mangler")
            return
        self.environment.post(path, body)
        self._says(what, "er laget")

    def _differs(self, sentence: str) -> None:
        self.wrong += 1
        print(f"FEIL  {sentence}")

    @staticmethod
    def _says(what: str, state: str) -> None:
        print(f"      {what}: {state}")


_NOT_REQUIRED = {
    "Value": "None",
    "CanBeChanged": True,
    "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
}
_YES_NO = (("True", 1, "Ja"), ("False", 0, "Nei"))


def _label(text: str) -> dict[str, Any]:
    """Return a label in English (1033), the language that every environment has."""
    localized = {"@odata.type": f"{CRM}LocalizedLabel", "Label": text, "LanguageCode": 1033}
    return {"@odata.type": f"{CRM}Label", "LocalizedLabels": [localized]}


def read_token(url: str, *, from_stdin: bool) -> str:
    """Return the administrator's token: from the first line of stdin, or from the Azure CLI. It is never shown."""
    if from_stdin:
        return sys.stdin.readline().strip()
    program = shutil.which("az")
    if program is None:
        raise NotReachedError("Azure CLI (az) finnes ikke her: installer den og kjør az login")
    command = [program, "account", "get-access-token", "--resource", url, "--query", "accessToken", "-o", "tsv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotReachedError(f"az ga ikke noe token: {done.stderr.strip().splitlines()[-1:]}. Kjør az login")
    return done.stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    """Run the steps and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", required=True, help="the environment, such as https://hlf.crm4.dynamics.com")
    parser.add_argument("--application-id", required=True, type=uuid.UUID, help="the app registration's client id")
    parser.add_argument("--mapping", type=Path, default=Path(__file__).with_name("listing.json"))
    parser.add_argument("--solution", default="", help="the unique name of the solution that gets table and columns")
    parser.add_argument("--wait", type=float, default=600.0, help="seconds to wait for the key's index")
    parser.add_argument("--dry-run", action="store_true", help="look only")
    parser.add_argument("--token-from-stdin", action="store_true", help="read the token instead of asking az for it")
    given = parser.parse_args(arguments)
    url = given.url.rstrip("/")
    parts = urlsplit(url)
    if parts.path or (parts.scheme != "https" and parts.hostname != "127.0.0.1"):
        parser.error("--url is https:// and the environment's host, and no more")
    try:
        mapping = json.loads(given.mapping.read_text(encoding="utf-8"))
        token = read_token(url, from_stdin=given.token_from_stdin)
        steps = SetUp(Environment(url, token, given.solution), mapping, dry_run=given.dry_run)
        steps.run(str(given.application_id), given.wait)
    except (NotReachedError, OSError, ValueError, KeyError) as error:
        print(f"STOPP {error}", file=sys.stderr)
        return 3
    print("FEIL  noe mangler eller er feil" if steps.wrong else "OK    alt er som det skal være")
    return 1 if steps.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
