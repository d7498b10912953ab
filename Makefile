# Two commands do everything, set-up included, in a virtual environment of this folder: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test quick check clean

demo: $(READY)
	$(BIN)/valaro demo --to demo

# Two processes, since most tests use one core and wait for little.
test: check
	$(BIN)/pytest -n 2 --dist worksteal

# For a look while one works: less than a minute.
quick: $(READY)
	$(BIN)/ruff check src tests tools benchmarks
	$(BIN)/pytest -n 2 -m "not slow" tests

check: $(READY)
	$(BIN)/ruff format --check src tests tools benchmarks
	$(BIN)/ruff check src tests tools benchmarks
	$(BIN)/basedpyright
	$(BIN)/lint-imports

# The lock pins every package that the tests ran with; only pip's own index settings decide where they come from.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "valaro needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

clean:
	rm -rf $(VENV) demo
