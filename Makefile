# Two commands matter to a newcomer: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
export PYTHONPATH := $(CURDIR)/operator

.PHONY: help
help: ## Say what each target does
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.made: requirements/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

.PHONY: venv
venv: $(VENV)/.made ## Make the virtual environment from the hashed requirements

.PHONY: lock
lock: ## Resolve pyproject.toml anew into requirements/*.txt (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra operator pyproject.toml -o requirements/operator.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra operator --group dev pyproject.toml -o requirements/dev.txt

.PHONY: demo
demo: venv ## The newcomer's first command: a cluster, the operator, tasks that run (CLUSTER=lab|kind|current)
	$(RUN) -m examples.demo

.PHONY: demo-down
demo-down: venv ## Remove what `make demo` made (CLUSTER as there)
	$(RUN) -m examples.demo down

.PHONY: test
test: lint ## The second: lint, types, contracts, and every test, on a lab of its own
	$(VENV)/bin/pytest

.PHONY: check
check: lint ## Lint, and the tests that need no cluster
	$(VENV)/bin/pytest -m "not e2e"

.PHONY: faults
faults: venv ## Break things on purpose, all of them (36 min): a table of what each invariant came to
	$(RUN) -m tests.faults

.PHONY: faults-mutants
faults-mutants: venv ## Play deliberate bugs of the operator (10 min): is each caught by the law that is named for it?
	$(RUN) -m tests.faults --mutants

.PHONY: bench
bench: venv ## What the schedule language and admission cost, worst cases named
	$(RUN) -m bench.schedule
	$(RUN) -m bench.admission

.PHONY: bench-operator
bench-operator: venv ## What the operator costs with 10,000 tasks, and how late it is, on a lab of its own: 10 minutes
	$(RUN) -m bench.operator

.PHONY: bench-versions
bench-versions: venv ## Two versions by turns in one lab: how late 200 launches a second are (BEFORE=a checkout): 5 minutes
	$(RUN) -m bench.versions $(BEFORE)

.PHONY: lab-up
lab-up: venv ## A real Kubernetes on this machine (NAME=lab NODES=1 SIMULATED=0 CLUSTER=lab|kind|current)
	$(RUN) -m lab up

.PHONY: lab-down
lab-down: venv ## Remove it
	$(RUN) -m lab down

.PHONY: lab-status
lab-status: venv ## The labs, and the process of each of their parts
	$(RUN) -m lab status

.PHONY: lint
lint: venv ## Formatter, linter, types and layer contracts
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

.PHONY: format
format: venv ## Format the code and mend what the linter can
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .
