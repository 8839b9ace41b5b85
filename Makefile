# Two commands for a newcomer: `make demo` and `make test`. Both make .venv from requirements.lock.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The interpreters that run tests read code, not compiled caches of another checkout.
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: demo test lint slow crash bench docs shots lock clean

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

demo: $(VENV)/.installed
	$(BIN)/chestnut demo --force

test: $(VENV)/.installed lint
	$(BIN)/python -m pytest

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

slow: $(VENV)/.installed
	$(BIN)/python -m pytest -m slow --ignore=tests/slow
	$(BIN)/python -m pytest -m slow -n 0 tests/slow

crash: $(VENV)/.installed
	PYTHONPATH=tests $(BIN)/python -m crash --jobs 2 --docs

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks

docs: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check mkdocs mkdocs-material
	$(BIN)/mkdocs build

shots: $(VENV)/.installed
	$(BIN)/python -m tools.page_shots --out build/shots

lock:
	uv pip compile --universal --python-version 3.11 pyproject.toml --group dev --no-annotate --no-header -o requirements.lock

clean:
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache
