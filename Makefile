# Everything runs in an environment of its own; `make install`, `demo` and `test` need only Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The base install has no PyTorch. MODEL is a wheel of weights that stands in this repository.
BASE := $(VENV)/.base
DEV := $(VENV)/.dev
# Compiling all modules of all packages takes longer than fetching them (measured: 76 s without, 163 s with); Python
# compiles those that are used at their first import.
PIP := $(BIN)/pip install --quiet --no-compile

.PHONY: install demo test test-all check docs clean

install: $(BASE)

demo: $(BASE)
	rm -rf $(VENV)/demo
	$(BIN)/masa-rag demo --memory $(VENV)/demo

test: $(DEV)
	$(BIN)/python -m pytest

test-all: $(DEV)
	$(BIN)/python -m pytest -m ""

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip

$(BASE): $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) --constraint constraints.txt ./weights --editable '.[web]'
	touch $@

# PyTorch's CPU build first: asked for later, a package would bring several GB of CUDA with it.
$(DEV): $(BASE)
	$(PIP) torch==2.13.0
	$(PIP) --constraint constraints.txt --editable '.[all]' --group dev
	touch $@

docs: $(DEV)
	$(PIP) --constraint constraints.txt --group docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build
	$(BIN)/python scripts/check_links.py docs/_build

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache
