# Everything here works on a fresh machine with git, make and Python 3.13 (or network access to fetch one).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PY := .venv/bin/python
# uv installs the locked wheels in seconds. If it is not here already, it is installed into .uv/.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
PIP_INSTALL = $(UV) pip install --quiet --python $(PY) --require-hashes --compile-bytecode

# What a person has set for their own Python and pip is not meant for the environments here.
unexport $(filter-out PYTHONUNBUFFERED,$(filter PYTHON%,$(.VARIABLES))) PSYCOPG_IMPL VIRTUAL_ENV
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV PIP_CONSTRAINT PIP_NO_BINARY PIP_DRY_RUN PIP_NO_DEPS
unexport UV_SYSTEM_PYTHON UV_TARGET UV_PREFIX UV_PYTHON UV_CONSTRAINT UV_OVERRIDE UV_NO_BINARY UV_EXCLUDE_NEWER UV_RESOLUTION
unexport UV_BUILD_CONSTRAINT UV_PROJECT UV_WORKING_DIR UV_WORKING_DIRECTORY
# uv keeps what it fetches in the home folder, if there is one.
ifneq ($(shell test -w "$${HOME:-}" && echo yes),yes)
export UV_CACHE_DIR := $(CURDIR)/.uv/cache
export UV_PYTHON_INSTALL_DIR := $(CURDIR)/.uv/pythons
endif
USABLE = { $(PY) -c '' 2>/dev/null || { echo "The environment in .venv does not run for $$(id -un): it was made elsewhere or by another user. Remove it (make clean) and try again." >&2; exit 1; }; }

# The base image of `make sam-invoke`, where it should not be AWS's own.
export LAMBDA_IMAGE ?=
MENTORS ?= data/mentors.csv
AS_OF ?=

.PHONY: help
help:  ## Show this list
	@bold= plain=; if [ -t 1 ] && [ -z "$${NO_COLOR:-}" ] && [ "$${TERM:-dumb}" != dumb ]; then bold='\033[1m' plain='\033[0m'; fi; \
	  grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' -v bold="$$bold" -v plain="$$plain" '{printf "  " bold "%-16s" plain " %s\n", $$1, $$2}'

.PHONY: run
run: .venv/run.stamp  ## Simulate one whole nightly check on this machine: MENTORS=my.csv AS_OF=2026-12-01 for your own data
	@$(USABLE); exec $(PY) -m local run --mentors "$(MENTORS)" $(if $(AS_OF),--as-of "$(AS_OF)")

.PHONY: up
up: .venv/run.stamp  ## Start the local stack and keep it running (Ctrl-C stops it)
	@$(USABLE); exec $(PY) -m local up --mentors "$(MENTORS)"

# One worker per core; a file's tests stay together, because a module's fixtures are made once per worker.
PYTEST = $(USABLE); exec $(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: test
test: .venv/test.stamp browser-unless-here  ## Run the tests: real PostgreSQL, real HTTP, real function processes
	@$(PYTEST) -m "not slow" $(PYTEST_ARGS)

.PHONY: test-unit
test-unit: .venv/test.stamp  ## Run the tests that need no database and no other process
	@$(PYTEST) -n 0 -m "not slow" tests/unit $(PYTEST_ARGS) # quicker alone than to start workers

.PHONY: test-slow
test-slow: .venv/test.stamp .sam-venv/stamp browser-unless-here  ## Run what `make test` leaves out: whole runs of the commands, storms, every example of the properties
	@$(PYTEST) -m "slow or hypothesis" --hypothesis-profile thorough $(PYTEST_ARGS)

.PHONY: test-previous-release
test-previous-release: .venv/test.stamp  ## Run the last release's tests on the present schema: both work on it while a deployment shifts
	@$(USABLE); exec $(PY) -m local.previous_release --uv "$(UV)"

.PHONY: browser
browser: .venv/stamp  ## Install Debian's Chromium for the browser tests, if none is here (as root)
	@$(USABLE); exec $(PY) -m local.browser install

# Not a file: whether a Chromium is here can change between two calls. Without npm or the network the tests go on.
.PHONY: browser-unless-here
browser-unless-here: .venv/stamp
	@$(USABLE); exec $(PY) -m local.browser unpack

.PHONY: check
check: static test-previous-release test test-slow  ## All that CI runs: lint, types, contracts, template, build, then the tests

.PHONY: static
static: lint types contracts template-lint migrations-lint architectures sam-check  ## Everything in `check` except the tests

.PHONY: lint
lint: .venv/check.stamp  ## ruff: style and formatting
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

.PHONY: types
types: .venv/check.stamp  ## mypy, strict
	@$(PY) -m mypy

.PHONY: contracts
contracts: .venv/check.stamp  ## import-linter: which layer may import which
	@.venv/bin/lint-imports

.PHONY: template-lint
template-lint: .venv/check.stamp .checkov-venv/clean  ## cfn-lint on template.yaml; checkov on what SAM makes of it
	@.venv/bin/cfn-lint -c I -- template.yaml

.PHONY: migrations-lint
migrations-lint: .venv/check.stamp  ## squawk on the SQL migrations
	@.venv/bin/squawk --config .squawk.toml $(shell find shared/database -name "*.sql" | sort)

.PHONY: architectures
architectures: .venv/stamp  ## That every pin of the layers has a wheel for both processors that Lambda has
	@none=$$(mktemp -d); trap 'rm -r "$$none"' EXIT; for machine in x86_64 aarch64; do for layer in shared operations; do \
	  $(UV) pip install --quiet --dry-run --python $(PY) --target "$$none" --require-hashes --no-deps --only-binary :all: \
	  --python-platform $$machine-manylinux_2_28 --python-version 3.13 -r $$layer/requirements.txt; done; done

.PHONY: sam-check
sam-check: .sam-venv/stamp .lambda/stamp  ## sam validate --lint, sam build, and that every handler is where Lambda will look
	@tests/sam/sam_check.sh

.PHONY: sam-invoke
sam-invoke: .venv/run.stamp .sam-venv/stamp  ## Every function and event in containers of the SAM CLI and by the local host, compared (takes a Docker engine)
	@$(USABLE); exec $(PY) -m local.sam_invoke $(EVENTS)

.PHONY: deploy-check
deploy-check: .venv/test.stamp .sam-venv/stamp  ## Follow the deployment guide on this machine, line by line, to a proof that says yes
	@$(USABLE); exec $(PY) -m local deploy-check

.PHONY: format
format: .venv/check.stamp  ## Format the code
	@$(PY) -m ruff check --fix-only --quiet . ; $(PY) -m ruff format --quiet .

.PHONY: bench-nightly
bench-nightly: .venv/run.stamp  ## The nightly check at 10 thousand, 100 thousand and 1 million mentors, against its floor
	@$(PY) -m benchmarks.nightly $(BENCH_ARGS)

.PHONY: bench-sync
bench-sync: .venv/run.stamp .rival-venv/stamp  ## One change and 10 thousand to the website: against the floor and the official SDK
	@$(PY) -m benchmarks.sync $(BENCH_ARGS)

.PHONY: bench-reconcile
bench-reconcile: .venv/run.stamp .rival-venv/stamp  ## The full comparison of 100 thousand and 1 million listings: against bare paging and a script of the official SDK; live changes beside repairs
	@$(PY) -m benchmarks.reconcile $(BENCH_ARGS)

.PHONY: bench-sign-in
bench-sign-in: .venv/run.stamp  ## What a client secret, federation and a certificate cost a new container
	@$(PY) -m benchmarks.sign_in $(BENCH_ARGS)

.PHONY: bench-force-sync
bench-force-sync: .venv/test.stamp  ## One forced sync against a bare PATCH and GET; fifty coordinators at once; refused tokens; their page in Chromium
	@$(PY) -m benchmarks.force_sync $(BENCH_ARGS)

.PHONY: bench-verify
bench-verify: .venv/run.stamp  ## The integration checkpoint at 10 thousand and 1 million mentors
	@$(PY) -m benchmarks.verify $(BENCH_ARGS)

.PHONY: bench-scale
bench-scale: .venv/run.stamp  ## What gives way first at a million mentors and beyond, a millisecond a statement; writes docs/scale.md
	@$(PY) -m benchmarks.scale $(BENCH_ARGS)

.PHONY: bench-cold
bench-cold: .venv/run.stamp  ## Cold starts of every function against the imports they cannot avoid, and by memory
	@$(PY) -m benchmarks.cold $(BENCH_ARGS)

.PHONY: bench-dataverse
bench-dataverse: .venv/run.stamp  ## What the Dataverse emulator alone takes in a second
	@$(PY) -m benchmarks.dataverse_speed $(BENCH_ARGS)

.PHONY: performance
performance:  ## Run every benchmark of docs/performance.md, as root, and write the page; on a quiet machine
	@failed=; for one in nightly sync reconcile force-sync verify sign-in cold dataverse; do \
	  $(MAKE) --no-print-directory "bench-$$one" BENCH_ARGS=--write || failed="$$failed bench-$$one"; \
	done; test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

.PHONY: data
data: .venv/run.stamp  ## Make the synthetic mentors again, from their seed
	@$(PY) -m local dataset --out data/mentors.csv

.PHONY: pictures
pictures: .venv/test.stamp  ## Draw the documents' pictures again, if the website or the coordinators' page looks different now (takes Chromium)
	@$(USABLE); $(PY) -m local.demo.pictures && exec $(PY) -m local.demo.dashboard_pictures

.PHONY: costs
costs: .venv/run.stamp  ## Write docs/operations/costs.md anew, from template.yaml and the prices
	@$(USABLE); exec $(PY) -m local.costs

.PHONY: openapi
openapi: .venv/run.stamp  ## Write openapi.json anew, the description of force_sync for other programs
	@$(USABLE); exec $(PY) -m local.openapi

.PHONY: break-glass
break-glass: .venv/run.stamp .glass-venv/stamp  ## Build the file of break-glass for each operating system, with its checksum, into build/break-glass/
	@$(USABLE); exec $(PY) -m local.break_glass.building --uv "$(UV)" --shiv .glass-venv/bin/shiv $(GLASS_ARGS)

.PHONY: contract-check
contract-check: .venv/run.stamp .glass-venv/stamp  ## Build the file that verifies the contract in the app's own CI, build/hlf-contract-check.pyz
	@$(USABLE); exec $(PY) -m local.contract_check_file --uv "$(UV)" --shiv .glass-venv/bin/shiv $(CONTRACT_ARGS)

.PHONY: rehearse-break-glass
rehearse-break-glass: .venv/run.stamp  ## Rehearse break-glass on the local stack: the automation goes, a person comes
	@$(USABLE); exec $(PY) -m local rehearse-break-glass

.PHONY: sbom
sbom: .venv/run.stamp .audit-venv/stamp  ## Write the SBOM of what is deployed, build/sbom.json, and docs/licences.md
	@$(USABLE); exec $(PY) -m local.dependencies.sbom --uv "$(UV)" --cyclonedx .audit-venv/bin/cyclonedx-py

.PHONY: audit-dependencies
audit-dependencies: .venv/run.stamp .audit-venv/stamp  ## Old pins and known vulnerabilities of what is shipped; 3 where that could not be checked
	@$(USABLE); exec $(PY) -m local.dependencies.audit --uv "$(UV)" --pip-audit .audit-venv/bin/pip-audit

LOCKED := shared/requirements operations/requirements requirements/operations requirements/break-glass requirements/break-glass-build requirements/contract-check requirements/audit requirements/uv requirements/emulators requirements/lambda-runtime requirements/run requirements/test requirements/check requirements/sam requirements/checkov requirements/rival
.PHONY: lock
lock: .venv/run.stamp  ## Pin the newest allowed versions, with hashes
	@for name in $(LOCKED); do $(UV) pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url \
	  --no-header --python-version 3.13 $$name.in -o $$name.txt; done

.PHONY: clean
clean:  ## Remove the environments, the unpacked browser, the local database and the build
	@! test -L .local/postgres || case "$$(readlink .local/postgres)" in */hlf-certification-*) rm -rf "$$(readlink .local/postgres)";; esac # root's
	@rm -rf .venv .uv .sam-venv .checkov-venv .rival-venv .glass-venv .audit-venv .emulators-venv .lambda build .local .aws-sam .browser

.uv/bin/uv:
	@echo "Installing uv into .uv/"
	@python3 -m venv .uv || { echo "python3 with the venv module is needed (Debian: apt-get install python3-venv)"; exit 1; }
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check --retries 1 --require-hashes -r requirements/uv.txt 2>.uv/install.log || \
	  { echo "uv could not be installed, which takes the network or an index that pip knows; what pip said is in .uv/install.log" >&2; exit 1; }

.venv/stamp: .python-version | $(UV)
	@version="$$(cat .python-version)"; $(UV) python find --quiet "$$version" >/dev/null 2>&1 || \
	  { UV_HTTP_RETRIES=0 $(UV) venv --quiet --allow-existing --python "$$version" .venv 2>/dev/null || \
	  { echo "Python $$version is needed, none is here and none could be fetched: install it (apt-get install python$$version, pyenv install $$version, python.org) and try again" >&2; exit 1; }; }
	@$(UV) venv --quiet --allow-existing --python "$$(cat .python-version)" .venv && touch $@

.venv/run.stamp: requirements/run.txt .venv/stamp .emulators-venv/stamp .lambda/stamp
	@echo "Installing what the local stack needs into .venv/" && $(PIP_INSTALL) -r $< && touch $@

.venv/test.stamp: requirements/test.txt .venv/run.stamp
	@echo "Installing what the tests need into .venv/" && $(PIP_INSTALL) -r $< && touch $@

.venv/check.stamp: requirements/check.txt .venv/test.stamp
	@echo "Installing the linters into .venv/" && $(PIP_INSTALL) -r $< && touch $@

# The local AWS APIs apart, so that nothing they pin decides what is tested or deployed.
.emulators-venv/stamp: requirements/emulators.txt .python-version .venv/stamp
	@echo "Installing the local AWS APIs into .emulators-venv/" && $(UV) venv --quiet --allow-existing --python "$$(cat .python-version)" .emulators-venv
	@$(UV) pip install --quiet --python .emulators-venv/bin/python --require-hashes --compile-bytecode -r $< && touch $@

# What the functions run on here: the layer's libraries by the program that `sam build` runs, and Lambda's own part.
.lambda/stamp: shared/requirements.txt operations/requirements.txt requirements/lambda-runtime.txt $(wildcard building/*.py) .venv/stamp
	@echo "Building the layers' libraries into .lambda/" && $(USABLE) && $(PY) -B -m local.stack.deployed_code --uv "$(UV)" && touch $@

.rival-venv/stamp: requirements/rival.txt .python-version | $(UV)
	@echo "Installing the official Dataverse SDK into .rival-venv/" && $(UV) venv --quiet --allow-existing --python "$$(cat .python-version)" .rival-venv
	@$(UV) pip install --quiet --python .rival-venv/bin/python --require-hashes -r $< && touch $@

.glass-venv/stamp: requirements/break-glass-build.txt .python-version | $(UV)
	@echo "Installing what break-glass is built with into .glass-venv/" && $(UV) venv --quiet --allow-existing --python "$$(cat .python-version)" .glass-venv
	@$(UV) pip install --quiet --python .glass-venv/bin/python --require-hashes -r $< && touch $@

.audit-venv/stamp: requirements/audit.txt .python-version | $(UV)
	@echo "Installing what reads licences and vulnerabilities into .audit-venv/" && $(UV) venv --quiet --allow-existing --python "$$(cat .python-version)" .audit-venv
	@$(UV) pip install --quiet --python .audit-venv/bin/python --require-hashes -r $< && touch $@

.sam-venv/stamp: requirements/sam.txt .python-version | $(UV)
	@echo "Installing the SAM CLI into .sam-venv/" && $(UV) venv --quiet --allow-existing --python "$$(cat .python-version)" .sam-venv
	@$(UV) pip install --quiet --python .sam-venv/bin/python --require-hashes -r $< && touch $@

.checkov-venv/stamp: requirements/checkov.txt .python-version | $(UV)
	@echo "Installing checkov into .checkov-venv/" && $(UV) venv --quiet --allow-existing --python "$$(cat .python-version)" .checkov-venv
	@$(UV) pip install --quiet --python .checkov-venv/bin/python --require-hashes -r $< && touch $@

# Twenty seconds, so only when something that it reads has changed.
.checkov-venv/clean: template.yaml template-findings.toml tests/sam/template_findings.py .checkov-venv/stamp .venv/check.stamp
	@$(PY) -m tests.sam.template_findings && touch $@
