# Everything a fresh machine needs is installed into .venv by the first target that needs it.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint clean

demo: $(BIN)/splitgen
	$(BIN)/splitgen out=splits overwrite=true

test: $(BIN)/splitgen
	$(BIN)/pytest

lint: $(BIN)/splitgen
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(BIN)/splitgen: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf .venv splits dist
