# Every target says in its `##` what it does; bare `make` prints them.
.DEFAULT_GOAL := help
.PHONY: help setup check test test-card test-oracle demo play bench pages verify clean

PYTHON ?= python3
BIN := .venv/bin
SCENE ?=
SEED ?= 1
QUICK ?=
WRITE ?=

help: ## Print every target with a sentence
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: .venv/ready ## Make the virtual environment .venv with the runner and everything its tests need

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
	@$(PYTHON) -m venv .venv 2>/dev/null || { echo "The venv module is missing: apt-get install python3-venv"; exit 1; }
	@echo "Installing into .venv (a minute the first time) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[card]' 2>/dev/null || echo "No card readers here (apt-get install libpcsclite-dev swig gcc libc6-dev); tests that need one are skipped."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[hsm]' 2>/dev/null || echo "No tokens here; tests that need one are skipped."
	@touch .venv/ready

demo: setup ## Run the main job end to end against the simulator (SCENE=name for one scene alone)
	@$(BIN)/eeszt-runner demo $(if $(SCENE),--scene $(SCENE))

play: setup ## Start simulator and daemon on the demo's database and follow the rows you INSERT
	@$(BIN)/eeszt-runner demo --play

check: setup ## Lint, types, import layers, and the tests that need no real processes; under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/pytest -q --randomly-seed=$(SEED) -m 'not slow and not oracle' -n auto --dist loadfile --no-loadscope-reorder

test: setup ## Everything that must be true: check, then the whole test suite (SEED=number for another order of the tests)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/eeszt-runner mapping lint
	$(BIN)/eeszt-runner mapping test
	$(BIN)/pytest -q --randomly-seed=$(SEED) -n auto --dist loadfile --no-loadscope-reorder

test-card: setup ## Logins with a card in software in a reader of the real PC/SC service (Debian: pcscd vsmartcard-vpcd)
	$(BIN)/pytest -q -rs tests/card

test-oracle: setup ## The tests that need an Oracle: ORACLE_DSN=user/password@host:port/service, else a container, else orawire
	$(BIN)/pytest -q -m oracle $(if $(ORACLE_DSN),,-n auto --dist loadfile --no-loadscope-reorder)

bench: setup .venv/bench-ready ## Measure every figure of the budget as ratios in one run (QUICK=1: some minutes; WRITE=1: into the page; ORACLE_DSN as for test-oracle)
	@$(BIN)/python -m tests.bench $(if $(QUICK),--quick) $(if $(WRITE),--write)

.venv/bench-ready: .venv/ready
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev,bench]'
	@touch .venv/bench-ready

pages: setup ## Write the generated reference pages anew
	$(BIN)/python docs/generate.py

verify: setup ## Fail if a generated file is stale, an Oracle script is ill-formed, or a known weakness is found in code or dependencies
	$(BIN)/python docs/generate.py --check --slow
	$(BIN)/python tests/sql_lint.py
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive runner
	$(BIN)/python tests/dependency_audit.py

clean: ## Remove the environment, caches and the demo's folder
	rm -rf .venv demo-site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
