# Every target sets up what it needs. `make` by itself lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCKED := --require-hashes --requirement

CDK := node_modules/.bin/cdk
# Node 20 works; the CDK's bridge to it warns on every start.
IN_VENV := PATH="$(CURDIR)/$(BIN):$$PATH" JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 \
	CDK_DISABLE_CLI_TELEMETRY=true CDK_DISABLE_VERSION_CHECK=1

.DEFAULT_GOAL := help
.PHONY: help lock lowest setup demo check test hunt attack mutants lint infra package synth bootstrap deploy destroy docs site pictures accuracy faults nights releases conformance bench scale tools e2e clean

help:  ## Show the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /  make \1\t/' | expand -t 18

setup: $(VENV)/core.stamp  ## Make .venv with the gatewatch command

$(VENV)/core.stamp: requirements/core.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.12")'
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --no-compile $(LOCKED) requirements/core.txt $(LOCKED) requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/core.stamp requirements/dev.txt
	@echo "adding the tools for tests"
	@$(PIP) $(LOCKED) requirements/dev.txt
	@touch $@

$(VENV)/cdk.stamp: $(VENV)/core.stamp requirements.txt
	@echo "adding the CDK (half a gigabyte)"
	@$(PIP) $(LOCKED) requirements.txt
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

demo: setup  ## Watch a sandbox API break and recover, on this machine
	@$(BIN)/gatewatch demo

check: lint  ## Lint, types and the quick tests: before each commit (two minutes)
	@$(BIN)/python -m pytest -n auto -m "not slow"

# One more than there are processors: many tests wait.
WORKERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

test: $(VENV)/dev.stamp  ## Run all tests
	@$(BIN)/python -m pytest -n $(WORKERS)

hunt: $(VENV)/dev.stamp  ## The properties again, with more and ever new examples
	@$(BIN)/python -m pytest -n auto -m hypothesis --hypothesis-profile=hunt

attack: $(VENV)/dev.stamp  ## Hostile servers, pushes, clocks, pastes and texts; FRESH=1 for new ones (up to 10 minutes)
	@$(BIN)/python -m pytest -n auto tests/attack $(if $(FRESH),--hypothesis-profile=hunt)

build/mutants/env.stamp: requirements/mutants.txt
	@$(PYTHON) -m venv build/mutants/env
	@build/mutants/env/bin/python -m pip install --quiet --disable-pip-version-check $(LOCKED) requirements/mutants.txt
	@touch $@

# MINUTES=10; ONLY=redaction for some modules; SEED=N for the same ones again
mutants: $(VENV)/dev.stamp build/mutants/env.stamp  ## Change the code here and there: what do the quick tests not notice?
	@build/mutants/env/bin/python bench/mutants.py \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED))

lint: $(VENV)/dev.stamp  ## Format, lint, types, import directions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

infra: $(VENV)/dev.stamp $(VENV)/cdk.stamp node_modules/.package-lock.json  ## Test the stack
	@$(BIN)/mypy --package gatewatch_cdk
	@$(IN_VENV) $(BIN)/python -m pytest tests/infra

package: $(VENV)/dev.stamp $(VENV)/cdk.stamp  ## Build the wheel and the sdist in dist/; install each elsewhere and run it
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation >/dev/null
	@$(BIN)/python -m pytest tests/package

synth: $(VENV)/cdk.stamp  ## Write the stack's template to cdk.out; no account needed
	@$(IN_VENV) $(BIN)/python app.py
	@echo "the template is in cdk.out"

bootstrap: $(VENV)/cdk.stamp node_modules/.package-lock.json  ## Prepare your AWS account for deploy, once for a region
	@$(IN_VENV) $(CDK) bootstrap $(CDK_ARGS)

# CDK_ARGS takes what `cdk` takes: --profile, -c config=FILE, -c max-concurrency=N, -c take-over=WORD
deploy: $(VENV)/cdk.stamp node_modules/.package-lock.json  ## Put the monitor into your AWS account
	@$(IN_VENV) $(CDK) deploy $(CDK_ARGS)

destroy: $(VENV)/cdk.stamp node_modules/.package-lock.json  ## Take it out again
	@$(IN_VENV) $(CDK) destroy $(CDK_ARGS)

build/e2e/emulator.stamp: requirements/e2e.txt
	@echo "setting up the emulator of AWS"
	@$(PYTHON) -m venv build/e2e/emulator
	@build/e2e/emulator/bin/python -m pip install --quiet --disable-pip-version-check $(LOCKED) requirements/e2e.txt
	@touch $@

build/e2e/node/node_modules/.package-lock.json: e2e/emulated/node/package.json e2e/emulated/node/package-lock.json
	@mkdir -p build/e2e/node && cp e2e/emulated/node/*.json build/e2e/node
	@npm ci --prefix build/e2e/node --no-audit --no-fund --loglevel=error
	@touch $@

build/mkdocs/site.stamp: requirements/site.txt
	@echo "setting up what builds the docs site"
	@$(PYTHON) -m venv build/mkdocs
	@build/mkdocs/bin/python -m pip install --quiet --disable-pip-version-check $(LOCKED) requirements/site.txt
	@touch $@

build/lock/uv.stamp:
	@$(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@touch $@

# With UPGRADE=--upgrade-package=NAME, or after pyproject.toml or an .in file was changed.
LOCK = build/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)

lock: build/lock/uv.stamp  ## Write the files of pinned and hashed requirements anew
	@$(LOCK) pyproject.toml --extra sandbox --output-file requirements/core.txt
	@$(LOCK) pyproject.toml --constraint requirements/core.txt --output-file requirements/run.txt
	@$(LOCK) requirements/build.in --output-file requirements/build.txt
	@$(LOCK) requirements/dev.in --constraint requirements/core.txt --output-file requirements/dev.txt
	@$(LOCK) requirements/e2e.in --output-file requirements/e2e.txt
	@$(LOCK) requirements/site.in --output-file requirements/site.txt
	@$(LOCK) requirements/mutants.in --output-file requirements/mutants.txt
	@$(LOCK) requirements/lambdas.in --constraint requirements/core.txt --output-file lambdas/requirements.txt
	@$(LOCK) pyproject.toml --all-extras requirements/cdk.in --constraint requirements/core.txt --output-file requirements.txt

# What knows the newest commands of AWS's command line wants the newest boto3.
lowest: build/lock/uv.stamp  ## The tests with the lowest versions that pyproject.toml lets users install
	@build/lock/bin/uv venv --quiet --clear --python $(PYTHON) build/lowest
	@build/lock/bin/uv pip compile --quiet --resolution lowest-direct --extra sandbox pyproject.toml \
		--python build/lowest --output-file build/lowest/lowest.txt
	@grep -v import-linter requirements/dev.in >build/lowest/dev.in
	@build/lock/bin/uv pip install --quiet --python build/lowest --editable . \
		--requirement build/lowest/lowest.txt --requirement build/lowest/dev.in
	@build/lowest/bin/python -m pytest -n auto tests --ignore=tests/attack --ignore-glob='*test_commands.py'

tools: $(VENV)/dev.stamp $(VENV)/cdk.stamp node_modules/.package-lock.json build/e2e/emulator.stamp build/e2e/node/node_modules/.package-lock.json build/mkdocs/site.stamp  ## Set up what all targets need

# With FROM=REVISION: updates the stack of that revision to this one instead.
e2e: $(VENV)/cdk.stamp node_modules/.package-lock.json build/e2e/emulator.stamp build/e2e/node/node_modules/.package-lock.json  ## Deploy it into an emulated account, break APIs, trouble it, hear of it (11 minutes)
	@$(IN_VENV) FROM=$(FROM) $(BIN)/python -m e2e

docs: setup  ## Write the generated pages: causes, and how to tell them apart
	@$(BIN)/python -m gatewatch.pages docs
	@$(BIN)/python bench/reference.py

# Without --quiet, which would hide the warnings from --strict.
site: $(VENV)/dev.stamp build/mkdocs/site.stamp  ## Build the docs site in build/site; any warning fails
	@NO_MKDOCS_2_WARNING=1 build/mkdocs/bin/mkdocs build --strict
	@$(BIN)/python -m pytest -q tests/website

# Where it differs, look at the pictures before they are committed. Needs Chromium.
pictures: $(VENV)/dev.stamp  ## Draw docs/on-call-*.webp: messages as people see them
	@npm install --silent --no-save --prefix build/pictures adaptivecards@3.0.6 markdown-it@15.0.3
	@$(BIN)/python -m bench.pictures

accuracy: setup  ## How right the diagnosis is on recorded responses
	@$(BIN)/python bench/accuracy.py --misses

nights: $(VENV)/dev.stamp  ## What on-call hears in a night, in both worlds; NIGHTS="late_joiners ..." for some
	@PYTHONPATH=lambdas $(BIN)/python -m tests.nights $(NIGHTS)

faults: setup  ## Every fault of the sandbox through the real prober and the diagnosis
	@$(BIN)/python bench/faults.py

# WAYS=all compares other ways to decide, and writes docs/verify-runs.md (15 minutes)
releases: $(VENV)/dev.stamp  ## 500 releases that spread over a gateway's nodes, and how each is judged (3 minutes)
	@PYTHONPATH=lambdas $(BIN)/python -m tests.release $(or $(RUNS),500) $(WAYS)

conformance: setup  ## Whether the sandbox answers as AWS was recorded to
	@PYTHONPATH=lambdas $(BIN)/python -m tests.conformance

bench: $(VENV)/dev.stamp  ## How fast the parts are, against what people would use instead
	@$(BIN)/python bench/speed.py
	@$(BIN)/python bench/cold.py

scale: $(VENV)/dev.stamp  ## 50,000 routes a minute through the service's code, with an outage (10 minutes)
	@$(BIN)/python -m bench.scale

clean:  ## Remove what the targets made
	rm -rf $(VENV) build dist cdk.out node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
