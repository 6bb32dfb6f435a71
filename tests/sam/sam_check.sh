#!/usr/bin/env bash
# The template is valid, it builds, and what was built is what Lambda needs. No AWS account is asked.
set -euo pipefail
cd "$(dirname "$0")/../.."

export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-north-1
unset AWS_PROFILE
# sam build takes the first python3.13 with pip that it finds.
export PATH="$PWD/.sam-venv/bin:$PATH"
command -v .sam-venv/bin/sam >/dev/null || { echo "The SAM CLI is not installed: run make sam-check"; exit 1; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() { "$@" >"$log" 2>&1 || { cat "$log"; echo "$* failed"; exit 1; }; }

SECONDS=0
quietly sam validate --lint
echo "sam validate --lint: clean (${SECONDS} s)"
.sam-venv/bin/python tests/sam/sam_environments.py
SECONDS=0
quietly sam build
echo "sam build: done (${SECONDS} s)"
python -m tests.sam.sam_artifacts
