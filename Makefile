# Needs python3 (3.11 or newer) with its venv module; everything else comes hash-checked from the locks.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# They alone must cover the pure core: measuring all others as well would take as long again as running them.
CORE_TESTS := tests/contracts tests/translation
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --generate-hashes \
	--no-emit-index-url --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help install demo test core-tests other-tests coverage lint documents mutants reliability audit lock

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

install: $(READY) ## make .venv from the lock; the other targets do it by themselves

$(READY): pyproject.toml requirements.lock requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.13 install" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "python3 lacks its venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --requirement requirements-dev.lock
	$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## a stand-in for Zoom with the shim before it; ARGS=--once shows the example and ends
	$(BIN)/python -m shim demo $(ARGS)

test: $(READY) ## every test, and full coverage of the pure core by its own; ARGS go to pytest
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target core-tests other-tests

core-tests: $(READY)
	$(BIN)/coverage run -m pytest $(CORE_TESTS) $(ARGS)
	$(BIN)/coverage report --fail-under=100

other-tests: $(READY)
	$(BIN)/python -m pytest $(addprefix --ignore=,$(CORE_TESTS)) $(ARGS)

coverage: $(READY) ## the pure core's coverage as the last test run left it
	$(BIN)/coverage report --fail-under=100

lint: $(READY) ## style, types, layers, the image's recipe, generated documents; asks no network
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m contracts verify
	$(BIN)/python -m shim.documents --check

documents: $(READY) ## write the generated tables and documents anew
	$(BIN)/python -m shim.documents

mutants: $(READY) ## break the translation, switch guards off: each must fail a test; ARGS='--only guards'
	$(BIN)/python -m tests.mutants $(ARGS)

reliability: $(READY) ## the service under faults and load; FULL=1, SHARE=ci, FAMILIES='load slow', SEED=, ARGS=--document
	$(BIN)/python -m tests.reliability $(FAMILIES) $(addprefix --seed ,$(SEED)) \
		--share $(if $(FULL),full,$(or $(SHARE),short)) $(ARGS)

audit: $(READY) ## known vulnerabilities of what runs in production; asks the network
	$(BIN)/pip-audit --disable-pip --require-hashes --requirement requirements.lock

lock: $(READY) ## resolve anew what pyproject.toml allows; ARGS=--upgrade takes the newest of everything
	$(COMPILE) $(ARGS) pyproject.toml --extra redis --output-file requirements.lock
	$(COMPILE) $(ARGS) pyproject.toml --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(COMPILE) - --constraint requirements-dev.lock --output-file requirements-build.lock
