# Partition Gate. `make` lists the targets.
PYTHON ?= python3.11
HOME_FOLDER ?= .gate
export PYTHONDONTWRITEBYTECODE :=
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: check-types check-style check-layers check-suites check-docs help demo test unit mutate chaos fuzz compose-test lint compile docs feast bench release lock audit sbom licences clean check-python

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: .venv/runtime ## Run two weeks of real flights through the gate on this machine (ONCE=1: stop after the summary)
	@GATE_HOME=$(HOME_FOLDER) $(BIN)/gate demo $(if $(ONCE),--once)

test: .venv/dev .venv-docs/installed ## Run every check and test
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target check-types check-style check-layers check-suites check-docs
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

# The checks without tests, side by side: the longest one, on types, uses one core.
check-types:
	@$(BIN)/mypy
check-style:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
check-layers:
	@PYTHONPATH=include $(BIN)/lint-imports --no-cache
check-suites:
	@$(BIN)/gate compile --check
check-docs:
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet

unit: .venv/dev ## Run the tests that need neither a server nor Airflow, in less than a minute
	@$(BIN)/pytest -n 2 --dist loadfile tests/unit tests/mutations/test_table.py

mutate: .venv/dev ## Apply each harmful change of tests/mutations to a copy; the tests must detect it (ONLY=text)
	@$(BIN)/python -m tests.mutations.run $(if $(ONLY),--only "$(ONLY)")

chaos: .venv/dev ## Kill processes, race publishes, exhaust disks, feed garbage (SEED=1 SCALE=0.1); writes docs/reference/chaos.md
	@$(BIN)/python -m tests.chaos.run $(if $(SCALE),,--write) $(if $(SEED),--seed $(SEED)) $(if $(SCALE),--scale $(SCALE))

fuzz: .venv/dev ## Give readers and messages inputs that nobody would write (EXECUTIONS=1000000 SEED=1 ONLY=text); exit code 1 for a finding
	@$(BIN)/python -m tests.fuzz.run $(if $(EXECUTIONS),--executions $(EXECUTIONS)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only "$(ONLY)")

compose-test: .venv/dev ## Start docker-compose.yaml with real containers and break it (ONLY=text); writes docs/reference/production.md
	@$(BIN)/python -m tests.compose.run $(if $(ONLY),--only "$(ONLY)",--write)

compile: .venv/runtime ## Compile the contracts to expectations/
	@$(BIN)/gate compile

lint: .venv/runtime ## Check the contracts
	@$(BIN)/gate lint

docs: .venv-docs/installed ## Build the documentation in site/, without a network; a broken link is an error
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build

feast: .venv/dev .venv-feast/installed ## Join features with Feast in an environment of its own (0.4 GB)
	@$(BIN)/pytest tests/integration/test_feast.py

lock: .venv/uv ## Write the hashed lock files from requirements*.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.txt -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements.lock requirements-dev.txt -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-docs.txt -o requirements-docs.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements.lock requirements-image.txt -o requirements-image.lock

bench: .venv/dev ## Compare with hand-written SQL and other tools (ROWS=5000000 RUNS=5); FIFTY=1: the cost of ten times the rows; HISTORY=1: the cost of history and other datasets; WATCH=1: the cost of a pass of the watch; BACKFILL=1: partitions a minute in Airflow; CONSOLE=1: the cost of a page; SCALE=1: many contracts and long histories
	@$(if $(SCALE),$(BIN)/python benchmarks/scale.py --write,$(if $(CONSOLE),$(BIN)/python benchmarks/console.py --write,$(if $(BACKFILL),$(BIN)/python benchmarks/backfill.py --write,$(if $(WATCH),$(BIN)/python benchmarks/watch.py --write,$(if $(HISTORY),$(BIN)/python benchmarks/history.py --write,$(BIN)/python benchmarks/$(if $(FIFTY),growth,run).py --rows $(or $(ROWS),5000000) --runs $(or $(RUNS),5) --folder $(HOME_FOLDER)/bench)))))

release: .venv/dev ## Build the wheel and the sdist of this version in dist/, and check them
	@rm -rf dist
	@$(BIN)/python -m hatchling build -d dist
	@$(BIN)/python deploy/check_release.py dist

audit: .venv-audit/installed ## Ask whether a vulnerability is known in a locked package; exit code 2 if the service does not answer
	@.venv-audit/bin/python deploy/audit.py .venv-audit/bin/pip-audit requirements.lock requirements-image.lock requirements-dev.lock requirements-docs.lock

sbom: .venv-audit/installed ## List the packages of requirements.lock in dist/partition-gate.cdx.json (CycloneDX)
	@mkdir -p dist
	@.venv-audit/bin/cyclonedx-py requirements --output-reproducible --of JSON -o dist/partition-gate.cdx.json requirements.lock

licences: .venv/dev ## Write docs/reference/licences.md from the installed packages
	@$(BIN)/python deploy/licences.py

clean: ## Remove the environments, the built documentation and everything below GATE_HOME
	rm -rf .venv .venv-docs .venv-feast .venv-audit site $(HOME_FOLDER)

.venv/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.8
	@touch $@

# Bytecode is compiled during installation: without it, each import of Great Expectations costs 10 CPU seconds.
.venv/runtime: .venv/uv requirements.lock pyproject.toml include/partition_gate/__init__.py
	@echo "Installing Partition Gate into .venv"
	@$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

.venv/dev: .venv/runtime requirements-dev.lock
	@$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements-dev.lock
	@touch $@

# An environment of its own: tests do not need these packages, and must not depend on their versions.
.venv-feast/installed: .venv/uv requirements-feast.txt
	@echo "Installing Feast into .venv-feast"
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-feast
	@$(BIN)/uv pip install --quiet --python .venv-feast/bin/python -r requirements-feast.txt
	@touch $@

.venv-audit/installed: .venv/uv requirements-audit.txt
	@echo "Installing pip-audit and CycloneDX into .venv-audit"
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-audit
	@$(BIN)/uv pip install --quiet --python .venv-audit/bin/python -r requirements-audit.txt
	@touch $@

.venv-docs/installed: .venv/uv requirements-docs.lock
	@echo "Installing MkDocs into .venv-docs"
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-docs
	@$(BIN)/uv pip install --quiet --python .venv-docs/bin/python --require-hashes -r requirements-docs.lock
	@touch $@
