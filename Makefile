# Pileus: `make run` starts it with the quickstart, `make test` runs the tests. Nothing else is needed first.
SHELL := /bin/sh
VENV  := .venv
BIN   := $(VENV)/bin
# The newest Python from 3.11 on that this machine has; or choose: make run PYTHON=python3.12
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo $$p && break; done)
PIP   := $(BIN)/python -m pip --disable-pip-version-check --no-cache-dir --quiet
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help install dev run test test-all check format generate bench clean

help: ## show this
	@echo "Pileus: the AWS serverless stack as one Python program. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Pileus needs Python 3.11 or newer with venv (Debian: apt install python3-venv)"; exit 2; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing Pileus and what it needs (once) ..."
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.developed: $(VENV)/.installed
	@echo "Installing what tests and checks need (once) ..."
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --group dev
	@touch $@

install: $(VENV)/.installed ## create .venv with Pileus in it

dev: $(VENV)/.developed

run: $(VENV)/.installed ## start Pileus with the quickstart app deployed
	@exec $(BIN)/pileus up --deploy examples/quickstart/deploy.py $(ARGS)

test: $(VENV)/.developed ## run all tests but the slow and privileged ones
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not slow" $(ARGS)

test-all: $(VENV)/.developed ## run every test
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: $(VENV)/.developed ## format, lint, types, import contracts, generated files
	@$(BIN)/ruff format --check . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check . || { echo "run: make format, then mend what is left"; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/generate_shapes.py --check
	@$(BIN)/python tools/generate_coverage.py --check

format: $(VENV)/.developed ## format the code and mend what ruff can
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

generate: $(VENV)/.developed ## rewrite what is generated from AWS's models
	@$(BIN)/python tools/generate_shapes.py
	@$(BIN)/python tools/generate_coverage.py

bench: $(VENV)/.developed ## measure, side by side with other servers
	@$(BIN)/python -m bench $(ARGS)

clean: ## remove the virtual environment, caches and the data of make run
	@rm -rf $(VENV) .pileus .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find src tests tools bench examples -name __pycache__ -type d -prune -exec rm -rf {} +
