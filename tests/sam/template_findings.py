"""Run checkov on template.yaml as CloudFormation gets it, and hold its findings to template-findings.toml.

`make template-lint` runs it. On the translated template checkov sees the roles, addresses and policies too that SAM
makes. It asks no account, and fetches no rules.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.integration.template.translated import translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / ".checkov-venv" / "bin" / "checkov"
ACCEPTED = ROOT / "template-findings.toml"
# Every part that a parameter leaves out is there.
EVERYTHING = {
    "Stage": "prod",
    "OperationsEmail": "drift@example.no",
    "SubnetIds": "subnet-0a",
    "SecurityGroupIds": "sg-0a",
    "DashboardOrigins": "https://app.example.no",
}


def main() -> int:
    """Print what is not answered, and return 1 if anything is."""
    report = _run(translated(None, **EVERYTHING))
    summary = report["summary"]
    if not summary["passed"] or summary["parsing_errors"]:
        print("checkov could not read the template")  # noqa: T201
        return 1
    known = tomllib.loads(ACCEPTED.read_text(encoding="utf-8"))
    wrong = list(unanswered(report["results"]["failed_checks"], known))
    for line in wrong:
        print(line)  # noqa: T201
    if not wrong:
        print(f"checkov: {summary['passed']} checks pass, {summary['failed']} findings are answered")  # noqa: T201
    return 1 if wrong else 0


def unanswered(findings: list[dict[str, Any]], answers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each finding that no answer is for, and for each answer that is for no finding."""
    found: dict[str, set[str]] = defaultdict(set)
    for finding in findings:
        check, resource = finding["check_id"], finding["resource"].rpartition(".")[2]
        found[check].add(resource)
        if resource not in answers.get(check, {}).get("resources", [resource] if check in answers else []):
            yield f"{check} {resource}: {finding['check_name']}: mend it, or answer it in {ACCEPTED.name}"
    for check, answer in answers.items():
        if not answer.get("why", "").strip():
            yield f"{check}: {ACCEPTED.name} does not say why"
        stale = set(answer["resources"]) - found[check] if "resources" in answer else set()
        if stale or not found[check]:
            yield f"{check}: {ACCEPTED.name} answers what is not found: {', '.join(sorted(stale)) or 'all of it'}"


def _run(resources: Mapping[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.json"
        template.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, default=str))
        command = [str(CHECKOV), "-f", str(template), "--framework", "cloudformation", "--skip-download", "-o", "json"]
        done = subprocess.run([*command, "--quiet", "--soft-fail"], capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"checkov ended with {done.returncode}: {done.stderr[-500:]}") from None
    return report


if __name__ == "__main__":
    sys.exit(main())
