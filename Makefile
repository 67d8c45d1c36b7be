# Two commands: `make study` and `make test`. Everything lives in .venv; nothing outside this folder is touched.
# Needs Python 3.11 or later with its venv module, and make. Windows: use WSL.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Versions only, no addresses: what is tested together.
LOCK := requirements.lock

# One process for each processor, each with whole files: they share what is dear to set up.
TOGETHER := -n auto --dist loadfile

.PHONY: help study test tests slow matrix lint lab site notebooks pictures clean

help:
	@echo "make study    set everything up, then show where you stand and what to do next"
	@echo "make test     set everything up, then run all tests (under ten minutes)"
	@echo "make lab      open a working copy of the notebooks in JupyterLab"
	@echo "make site     build the study site and serve it on this machine"
	@echo "make matrix   every answer against every check of the graders"
	@echo "make lint     ruff, mypy --strict, import-linter"
	@echo "make slow     the tests that take minutes"
	@echo "make clean    remove what set-up and tests have made; your katas and your progress stay"

study: $(VENV)/.study
	@$(BIN)/pubsub study

test: $(VENV)/.test
	@$(MAKE) --no-print-directory tests
	@$(MAKE) --no-print-directory notebooks

# One half of `make test` alone; ARGS are more words for pytest.
tests: $(VENV)/.test
	@$(BIN)/python -m pytest tests $(TOGETHER) $(ARGS)

# What takes minutes: coverage of intervals and the like.
slow: $(VENV)/.test
	@$(BIN)/python -m pytest tests -m slow

# Every notebook is run, and what comes out is compared with what is stored in it. Hypothesis's plugin would load all of
# its library for the summary at the end, two seconds for a notebook that is run alone.
notebooks: $(VENV)/.test
	@$(BIN)/python -m pytest -p nbval --nbval --nbval-cell-timeout=60 -p no:hypothesispytest -q notebooks \
	    $(TOGETHER) $(ARGS)

lab: $(VENV)/.study
	@$(BIN)/python -m workbook.lab

site: $(VENV)/.test
	@test -d node_modules/pyodide || { command -v npm >/dev/null && npm ci --silent; } || \
	echo "There is no npm: the site is built without the playground."
	@$(BIN)/mkdocs serve --strict

matrix: $(VENV)/.test
	@$(BIN)/python -m tests.matrix

# The pictures of the README.
pictures: $(VENV)/.test
	@$(BIN)/python -m tests.pictures

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check sim workbook tests bench solutions
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

comma := ,

# uv is a pip package itself and installs in seconds; where it cannot be had, pip does the same more slowly.
INSTALL = if [ -x $(BIN)/uv ]; then $(BIN)/uv pip install --quiet --python $(BIN)/python -c $(LOCK) -e "$(1)"; \
	else echo "uv is not to be had; pip installs, which takes a minute or two"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(LOCK) -e "$(1)"; fi

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "Python 3.11 or later is needed; install it, or name one: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	{ echo "Python's venv module is missing: install it (Debian, Ubuntu: apt install python3-venv) and run this again."; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5" 2>/dev/null || true

$(VENV)/.study: pyproject.toml $(LOCK) | $(BIN)/python
	@$(call INSTALL,.)
	@touch $@

$(VENV)/.test: pyproject.toml $(LOCK) | $(BIN)/python
	@$(call INSTALL,.[test])
	@touch $@

$(VENV)/.browser: pyproject.toml $(LOCK) | $(BIN)/python
	@$(call INSTALL,.[test$(comma)dev$(comma)browser])
	@touch $@ $(VENV)/.test $(VENV)/.dev

$(VENV)/.dev: pyproject.toml $(LOCK) | $(BIN)/python
	@$(call INSTALL,.[test$(comma)dev])
	@touch $@

clean:
	rm -rf $(VENV) node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis out
	find sim workbook tests bench solutions -name __pycache__ -type d -exec rm -rf {} +
