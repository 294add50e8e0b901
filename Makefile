# Two commands do everything: `make demo` and `make test`. Both need only Python 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install demo ui test lint types check bench soak lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) setuptools
	$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@

install: $(INSTALLED)  ## make the virtual environment of the pinned versions

demo: $(INSTALLED)  ## run the whole pipeline on simulated services; DATA=FILE.csv replays an Enlighten export
	@$(BIN)/energy-pipeline demo $(if $(DATA),--data "$(DATA)") $(if $(ZONE),--timezone "$(ZONE)")

ui: $(INSTALLED)  ## open the Dagster UI and daemon on sites.yaml, or on the demo without one; PORT=3001
	@$(BIN)/energy-pipeline ui $(if $(PORT),--port "$(PORT)")

test: $(INSTALLED)  ## run the whole test suite
	$(BIN)/pytest --numprocesses=auto $(PYTEST_ARGS)

lint: $(INSTALLED)  ## formatting and lint, the import rule of the rings included
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(INSTALLED)  ## static types, strict for the inner ring
	$(BIN)/basedpyright --level error

check: $(INSTALLED)  ## do the Dagster definitions load?
	$(BIN)/dg check defs

bench: $(INSTALLED)  ## benchmarks, as ratios against a peer in the same run
	$(BIN)/python -m benchmarks

soak: $(INSTALLED)  ## kills and lost answers at many more moments; SOAK_SEEDS=5 for a part
	$(BIN)/pytest --numprocesses=auto -m soak --timeout=3600

lock: $(INSTALLED)  ## write the versions now installed into constraints.txt
	$(BIN)/pip freeze --all --exclude-editable --exclude pip | sed -E '/^-e|@ file/d' > constraints.txt

clean:  ## remove the environment, the demo and the history of runs
	rm -rf $(VENV) .demo .dagster
