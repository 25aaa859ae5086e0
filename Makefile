# What people and CI run. `make run` is all a newcomer needs.

PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# Made when the locked requirements are installed; remade when they change.
STAMP := $(VENV)/.installed

.PHONY: run test check lock bench soak format install

run: install  ## start everything, and say where
	@exec $(BIN)/python manage.py up $(ARGS)

test: install  ## the whole suite
	@$(BIN)/python -m pytest -n auto $(ARGS)

check: install  ## lint, format, types, migrations, deploy check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(CHECKING) $(BIN)/python manage.py makemigrations --check --dry-run
	@$(CHECKING) $(BIN)/python manage.py check --deploy --fail-level WARNING

format: install  ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install  ## the benchmarks, as one table of ratios
	@$(BIN)/python -m bench $(ARGS)

soak: install  ## the long fault and churn runs; not part of CI
	@$(BIN)/python -m pytest -m soak --override-ini addopts='-ra --strict-markers -p tests.plugin' $(ARGS)

lock: install  ## write requirements/*.txt from requirements/*.in
	@for name in base dev; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
			requirements/$$name.in -o requirements/$$name.txt || exit 1; done

install: $(STAMP)

# Checks need secrets but keep none, and look at the settings of a site that is reached over TLS.
CHECKING = SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
	FIELD_ENCRYPTION_KEY=$$($(BIN)/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())') \
	EARSHOT_URL=https://earshot.example.com DEBUG=false

$(STAMP): requirements/base.txt requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "Earshot needs Python 3.11 or newer; none was found on PATH."; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { rm -rf $(VENV); $(PYTHON) -m venv $(VENV) \
		|| { echo "$(PYTHON) cannot make a virtual environment; install its venv module (Debian: apt install python3-venv)."; \
			rm -rf $(VENV); exit 1; }; }
	@echo "Installing the locked requirements; the first time this takes a minute or two."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $(STAMP)
