# Python 3.10 or newer and make are all that a fresh machine needs; the rest goes into .venv.
# `make demo PYTHON=python3.12` picks another interpreter, `make test WORKERS=4` more test processes.

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# TensorFlow's start-up messages hide what the commands print.
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: help install demo test oldest lint format docs printed examples overhead clean

help:
	@echo "make demo      a real run diverges, is diagnosed and repaired (about a minute)"
	@echo "make test      everything CI checks: lint, types, docs up to date, all tests"
	@echo "make oldest    all tests on the lowest versions that pyproject.toml allows (Python 3.10 to 3.12)"
	@echo "make lint      ruff and mypy only"
	@echo "make docs      write the generated pages of docs/ again"
	@echo "make printed   copy what the snippets of README and docs/ print now into the pages"
	@echo "make examples  run every script of examples/ and print its report"
	@echo "make overhead  measure what lossdoctor costs a training step"
	@echo "make clean     remove .venv and caches"

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	    { echo "$(PYTHON) is $$($(PYTHON) -V 2>&1); lossdoctor needs 3.10 or newer: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@

demo: $(INSTALLED)
	$(BIN)/lossdoctor demo

# Once a MemoryError came out of numpy's errstate in a process of 3 GB, and hypothesis could not repeat it. Such a
# test runs again, once, and the summary says so; no other failure gets a second chance.
test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --reruns 1 --only-rerun "MemoryError|FlakyFailure"

oldest:
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet -e ".[dev]" -c tests/oldest.txt
	.venv-oldest/bin/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m lossdoctor.catalogue docs --check

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED)
	$(BIN)/python -m lossdoctor.catalogue docs

printed: $(INSTALLED)
	LOSSDOCTOR_WRITE_COPIES=1 $(BIN)/python -m pytest tests/test_docs.py -k snippets

examples: $(INSTALLED)
	@for script in examples/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

overhead: $(INSTALLED)
	$(BIN)/python benchmarks/overhead.py

clean:
	rm -rf $(VENV) .venv-oldest build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
