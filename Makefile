# Every target works from any directory (make -C), can be run again at any point, and installs what it needs.
SHELL := /bin/sh
.DEFAULT_GOAL := help
HERE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
BIN := $(HERE).venv/bin/
PYTHON := $(BIN)python
TYPED := __main__.py deployment settings components chart observability files ops embedded tests images/notebook/platform_services
COMPILE := $(BIN)uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header -p 3.11
export PYTHONPATH := $(HERE)
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help venv up preview destroy down clean status env test check e2e docs lock catalogue

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(HERE)Makefile

venv:
	@$(HERE)embedded/bootstrap

up: venv ## a running JupyterHub on this machine; STACK=lab: another stack (KUBECONTEXT=name: on that cluster)
	@cd $(HERE) && $(PYTHON) -m embedded up

preview: venv ## what a first `up` of a stack would make on the node, without making it: STACK=lab
	@cd $(HERE) && $(PYTHON) -m embedded preview

down: venv ## stop the node; volumes and state stay, `make up` continues
	@cd $(HERE) && $(PYTHON) -m embedded down

destroy: venv ## take one stack off the node, with its homes (asks; YES=1 does not): STACK=lab
	@cd $(HERE) && $(PYTHON) -m embedded destroy

clean: venv ## stop the node and remove its volumes and state (asks; YES=1 does not)
	@cd $(HERE) && $(PYTHON) -m embedded down --purge

status: venv ## what runs, what does not, and why
	@cd $(HERE) && $(PYTHON) -m embedded status

env: ## eval "$$(make -s env)": pulumi, kubectl and helm for a stack that is up (STACK=local)
	@cd $(HERE) && $(HERE)embedded/bootstrap >&2 && $(PYTHON) -m embedded env

check: venv ## format, lint, types, duplicates, unit tests
	@cd $(HERE) && $(BIN)ruff format --check --quiet . && $(BIN)ruff check --quiet . && echo "ruff: clean"
	@cd $(HERE) && $(BIN)mypy $(TYPED)
	@cd $(HERE) && $(BIN)pylint --score=n $(TYPED) && echo "duplicates: none"
	@cd $(HERE) && $(PYTHON) -m pytest -q -n 2 tests/unit

test: check ## check, and everything else that needs no node
	@cd $(HERE) && $(PYTHON) -m embedded tools helm
	@cd $(HERE) && $(PYTHON) -m pytest -q tests/tools

e2e: venv ## up, a browser signs in and runs a cell, truth table, breakage and repair, down
	@cd $(HERE) && $(PYTHON) -m embedded e2e

docs: venv ## remake what is generated: the settings' reference and the editor's schema
	@cd $(HERE) && $(PYTHON) -m ops.reference && $(PYTHON) -m settings.editor

lock: venv ## remake the locks from pyproject.toml
	@cd $(HERE) && $(COMPILE) pyproject.toml -o requirements/program.txt
	@cd $(HERE) && $(COMPILE) pyproject.toml --group dev -c requirements/program.txt -o requirements/dev.txt
	@cd $(HERE) && grep -o '^uv==[^ ]*' requirements/bootstrap.txt | $(COMPILE) - -o requirements/bootstrap.txt

catalogue: venv ## what the hub image's lock can be configured with, read from its packages
	@cd $(HERE) && $(PYTHON) -m chart.catalogue.make
