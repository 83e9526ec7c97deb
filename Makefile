# Earnest: `make up` to see it, `make test` before a change is handed on. Needs Python 3.11 or newer, and make.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python on the path that is new enough.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
MADE := $(VENV)/made

export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help: ## Show this list
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name what; do \
		printf '  make %-7s %s\n' "$$name" "$$what"; done

.PHONY: up
up: $(MADE)/runtime ## Start Earnest with its demo company; Ctrl-C stops it
	@$(BIN)/earnest up --demo

.PHONY: test
test: lint types $(MADE)/promtool $(MADE)/peers $(MADE)/grafana ## Check style and types, then run every test on real servers, side by side on all cores
	@$(BIN)/python -m pytest -n auto --dist worksteal

.PHONY: lint
lint: $(MADE)/dev ## Check style
	@echo "Style (ruff)"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check .

.PHONY: types
types: $(MADE)/dev ## Check types
	@echo "Types (mypy --strict)"
	@$(BIN)/mypy --no-error-summary

.PHONY: bench
bench: $(MADE)/dev ## Measure this machine: kernel, plan, streaming on both logs, a plan change, history, a payout run, statements, lines in bulk
	@for what in kernel plan drift stream "stream --log kafka" change history lines payout statements; do $(BIN)/python -m benchmarks $$what || exit 1; done

.PHONY: kafka
kafka: $(MADE)/dev ## Install what `earnest up --log kafka` needs

.PHONY: secrets
secrets: $(MADE)/runtime ## Make the secrets that `docker compose up` needs
	@$(BIN)/python deploy/secrets/make.py

.PHONY: lock
lock: $(MADE)/venv ## Lock the newest allowed versions of all dependencies, with hashes
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header pyproject.toml -o requirements/runtime.lock
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --extra dev \
		-c requirements/runtime.lock pyproject.toml -o requirements/dev.lock

.PHONY: clean
clean: ## Remove the environment and caches; .earnest, which holds data, stays (see `earnest reset`)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE)/venv:
	@test -n "$(PYTHON)" || { echo "Earnest needs Python 3.11 or newer on the path."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python could not make an environment (on Debian: apt-get install python3-venv)."; exit 1; }
	@mkdir -p $(MADE) && touch $@

$(MADE)/runtime: requirements/runtime.lock pyproject.toml | $(MADE)/venv
	@$(BIN)/python requirements/install.py requirements/runtime.lock
	@touch $@

$(MADE)/dev: requirements/dev.lock pyproject.toml | $(MADE)/venv
	@$(BIN)/python requirements/install.py requirements/dev.lock
	@touch $@ $(MADE)/runtime

# Prometheus and Alertmanager, with the checkers of metrics and rules, are no Python packages. Debian's are unpacked here, not
# installed, so that no server starts by itself and nobody needs to be root.
$(MADE)/promtool: | $(MADE)/venv
	@for tool in promtool amtool prometheus prometheus-alertmanager; do command -v $$tool; done | wc -l | grep -q 4 || deploy/get_promtool.sh $(CURDIR)/$(BIN)
	@touch $@

# The programs that read our journals and spreadsheets in tests, likewise.
$(MADE)/peers: deploy/get_peers.sh | $(MADE)/venv
	@deploy/get_peers.sh $(CURDIR)/$(BIN)
	@touch $@

# Grafana's types and the compiler that checks the dashboards against them; with the Node.js on the path, or one that is fetched.
$(MADE)/grafana: deploy/grafana/check/package-lock.json deploy/grafana/check/install.sh | $(MADE)/dev
	@deploy/grafana/check/install.sh $(CURDIR)/$(VENV)/share/grafana
	@touch $@
