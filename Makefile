# What people and CI run. `make run` is all a newcomer needs.

# The distribution's own goes first: one compiled without optimisation, as pyenv does, takes a seventh more CPU for all
# there is. `make run PYTHON=python3.13` takes another.
PYTHON := $(shell for needs in sys,ensurepip,venv sys; do \
	for p in /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 \
	python3.13 python3.12 python3.11 python3.14 python3 python; do \
	$$p -c "import $$needs; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && echo $$p && exit; done; done)
VENV := .venv
BIN := $(VENV)/bin
# Made when the locked requirements are installed; remade when they change. Running needs fewer than developing.
RUNS := $(VENV)/.runs
DEVELOPS := $(VENV)/.develops
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# Clients in JavaScript that some tests run. Without npm those tests are skipped, except in CI.
CLIENTS := $(if $(shell command -v npm 2>/dev/null),tests/node/node_modules/.package-lock.json)

# Containers often forbid it, and then each of our processes would compile all of Earshot anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: run test check lock bench soak format

run: $(RUNS)  ## start everything, and say where
	@exec $(BIN)/python manage.py up $(ARGS)

test: $(DEVELOPS) $(CLIENTS)  ## the whole suite
	@$(BIN)/python -m pytest -n auto $(ARGS)

check: $(DEVELOPS)  ## lint, format, types, migrations, deploy check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(CHECKING) $(BIN)/mypy
	@$(CHECKING) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(CHECKING) $(BIN)/python manage.py check --deploy --fail-level WARNING

format: $(DEVELOPS)  ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEVELOPS)  ## the benchmarks, as one table of ratios
	@$(BIN)/python -m bench $(ARGS)

soak: $(DEVELOPS)  ## the long fault and churn runs; not part of CI
	@$(BIN)/python -m pytest -m soak $(ARGS)

lock: $(DEVELOPS)  ## write requirements/*.txt from requirements/*.in
	@for name in base dev; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
			requirements/$$name.in -o requirements/$$name.txt || exit 1; done

# Checks need secrets but keep none, and look at the settings of a site that is reached over TLS.
CHECKING = SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
	FIELD_ENCRYPTION_KEY=$$($(BIN)/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())') \
	EARSHOT_URL=https://earshot.example.com DEBUG=false

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Earshot needs Python 3.11 or newer; none was found on PATH."; exit 1; }
	@rm -rf $(VENV); $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment; install its venv module (Debian: apt install python3-venv)."; \
		exit 1; }

$(RUNS): requirements/base.txt | $(BIN)/python
	@echo "Installing the locked requirements; the first time this takes a minute or two."
	@$(PIP) -r requirements/base.txt
	@touch $@

$(DEVELOPS): requirements/dev.txt $(RUNS)
	@echo "Installing what the tests and checks add."
	@$(PIP) -r requirements/dev.txt
	@touch $@

tests/node/node_modules/.package-lock.json: tests/node/package-lock.json
	@echo "Installing the JavaScript clients that the tests run."
	@cd tests/node && npm ci --silent --ignore-scripts
	@touch $@
