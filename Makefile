# make nightly   sets everything up and does the main job: fetch, build, audit, publish
# make test      sets everything up and runs the tests
# make lint      ruff and mypy
# make bench     what a night costs, and the audit of large tables against a bare pass
# make ui        the steward's view;  make serve  the published folder

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: nightly test lint format bench ui serve lock clean

nightly: $(READY)
	$(BIN)/ketenmonitor nightly

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)
	$(BIN)/python tests/bench/bench.py

ui: $(READY)
	$(BIN)/ketenmonitor ui

serve: $(READY)
	$(BIN)/ketenmonitor serve

# Bytecode is compiled at install: without it every start would compile the libraries anew.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ketenmonitor needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 nightly")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	touch $(READY)

# Writes both locks anew from pyproject.toml: that of the project, and that of the image with the same versions.
# No address of a registry goes into them.
LOCK := --quiet --allow-unsafe --generate-hashes --no-strip-extras --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-annotate
lock:
	$(BIN)/pip-compile $(LOCK) --extra dev --output-file requirements.lock pyproject.toml
	sed -nE 's/^([A-Za-z0-9_.-]+)(\[[^]]*\])?==([^ ;]+).*/\1==\3/p' requirements.lock > $(VENV)/versions.txt
	$(BIN)/pip-compile $(LOCK) --extra deploy --constraint $(VENV)/versions.txt --output-file deploy/container/requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) var
