# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# "make PYTHON=python3.13" chooses the interpreter of a new virtual environment.
PYTHON ?= python3
export PYTHON

VENV := .venv
RUN_CHECKS := $(VENV)/bin/python tests/tools/run_checks.py
VERSION := $(shell sed -n 's/^version: *//p' galaxy.yml)
TARBALL := build/smtpd-email-$(VERSION).tar.gz
DEMO_COLLECTIONS := $(CURDIR)/build/demo/collections
PLAYGROUND := $(CURDIR)/build/playground
BENCH_COLLECTIONS := $(CURDIR)/build/bench/collections

# What Ansible keeps for itself goes under build/ too, not to the home directory.
export ANSIBLE_HOME := $(CURDIR)/build/home/.ansible

.DEFAULT_GOAL := help
# All targets with a plain name.
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(MAKEFILE_LIST))

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do \
	  printf '  make %-14s %s\n' "$$name" "$$text"; done

demo: $(VENV)/.demo bind build ## see the main job done on real parts: profile, records, DNS, verified, healed
	@ANSIBLE_COLLECTIONS_PATH="$(DEMO_COLLECTIONS)" $(VENV)/bin/ansible-galaxy collection install \
	  $(TARBALL) --collections-path "$(DEMO_COLLECTIONS)" --force --offline
	@PATH="$(CURDIR)/build/bin:$$PATH" ANSIBLE_COLLECTIONS_PATH="$(DEMO_COLLECTIONS)" $(VENV)/bin/python -m tests.demo

picture: $(VENV)/.test bind build ## record make demo for the README, as docs/demo.svg
	@$(MAKE) --silent demo | $(VENV)/bin/python tests/tools/demo_picture.py docs/demo.svg

playground: $(VENV)/.demo bind build ## run a simulated SMTPD and a BIND to try playbooks with, until Ctrl-C
	@ANSIBLE_COLLECTIONS_PATH="$(PLAYGROUND)/collections" $(VENV)/bin/ansible-galaxy collection install \
	  $(TARBALL) --collections-path "$(PLAYGROUND)/collections" --force --offline
	@PATH="$(CURDIR)/build/bin:$$PATH" $(VENV)/bin/python -m tests.playground "$(PLAYGROUND)"

rulebook: $(VENV)/.test bind java ## see a rulebook heal a lost record, and how long it takes
	@PATH="$(CURDIR)/build/bin:$$PATH" $(VENV)/bin/python -m pytest --quiet tests/integration/test_rulebook.py

test: $(VENV)/.test servers chromium java ## run all checks, less the longest tests
	@$(RUN_CHECKS)

test-all: $(VENV)/.test servers chromium java ## run all checks
	@$(RUN_CHECKS) --all

unit: $(VENV)/.test bind ## run the unit tests
	@$(RUN_CHECKS) unit

integration: $(VENV)/.test servers chromium java ## run real playbooks against the simulator and real DNS servers
	@$(RUN_CHECKS) integration

examples: $(VENV)/.test bind ## run what the documentation shows: examples and guides
	@$(RUN_CHECKS) examples

trust: $(VENV)/.test bind ## run the tests of what must hold whatever fails
	@$(RUN_CHECKS) trust

sanity: $(VENV)/.test ## run ansible-test sanity
	@$(RUN_CHECKS) sanity

molecule: $(VENV)/.test bind ## run the role's molecule scenario
	@$(RUN_CHECKS) molecule

lint: $(VENV)/.test ## run ansible-lint, production profile
	@$(RUN_CHECKS) lint

docs-lint: $(VENV)/.test ## run antsibull-docs on the documentation
	@$(RUN_CHECKS) docs-lint

docs: $(VENV)/.test ## build the documentation site in build/docs/html, and look for broken links
	@$(RUN_CHECKS) docs

yamllint: $(VENV)/.test ## check the YAML files
	@$(RUN_CHECKS) yamllint

shellcheck: $(VENV)/.test ## check the shell scripts
	@$(RUN_CHECKS) shellcheck

ruff: $(VENV)/.test ## check the Python code for likely errors, and its form
	@$(RUN_CHECKS) ruff style

format: $(VENV)/.test ## bring the Python code into its form
	@$(VENV)/bin/ruff check --fix --quiet .
	@$(VENV)/bin/ruff format --quiet .

licences: $(VENV)/.test ## check that every file names its licence
	@$(RUN_CHECKS) licences

workflows: $(VENV)/.test ## check the workflows of GitHub
	@$(RUN_CHECKS) workflows

trust-all: $(VENV)/.test bind ## run all cells of the fault matrix, and the other tests of trust
	@$(RUN_CHECKS) trust-all

killed: $(VENV)/.test bind ## kill the role at 200 moments; each time the next run has to finish the work
	@$(RUN_CHECKS) killed

fuzz: $(VENV)/.test ## try 10,000 answers of the service and options that nobody thought of
	@$(RUN_CHECKS) fuzz

# One row, or some checks only: make test-matrix MATRIX="core-2.21-py3.13 --checks unit,trust"
test-matrix: servers chromium java ## run the tests with each supported ansible-core and Python; those not there are named
	@$(PYTHON) tests/tools/version_matrix.py $(MATRIX)

test-lowest: servers chromium java ## run the tests with the oldest supported ansible-core and libraries, a row of test-matrix
	@$(PYTHON) tests/tools/version_matrix.py core-2.17-py3.11

# Options by BENCH="--large --repeat 5"; which there are: .venv/bin/python -m tests.bench --help
bench: $(VENV)/.demo bind build ## measure the role against a playbook of uri tasks, and against what is possible
	@ANSIBLE_COLLECTIONS_PATH="$(BENCH_COLLECTIONS)" $(VENV)/bin/ansible-galaxy collection install \
	  $(TARBALL) --collections-path "$(BENCH_COLLECTIONS)" --force --offline
	@$(VENV)/bin/python tests/tools/ensure-collections community.general >/dev/null
	@PATH="$(CURDIR)/build/bin:$$PATH:/usr/sbin" $(VENV)/bin/python -m tests.bench $(BENCH)

audit-example: $(VENV)/.test chromium ## write the page and the picture of an audit that the documentation shows
	@$(VENV)/bin/python -m tests.tools.audit_example

build: $(VENV)/.demo ## build the collection's tarball in build/
	@mkdir -p build
	@$(VENV)/bin/ansible-galaxy collection build --force --output-path build

changelog: $(VENV)/.test ## make a release of the fragments, or bring that of this version up to date
	@mkdir -p build
	@$(VENV)/bin/python tests/tools/changelog.py

release-check: $(VENV)/.test build ## find out whether the tarball can be released
	@$(VENV)/bin/python tests/tools/release_check.py $(TARBALL)

clean: ## remove all that was made, the virtual environment too
	rm -rf $(VENV) build .cache .hypothesis .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The demo needs one DNS server, the tests of providers need others too.
bind:
	@tests/tools/ensure-servers build/bin named

servers:
	@tests/tools/ensure-servers build/bin named knotd pdns_server

# The tests of the audit's page need a browser.
chromium:
	@tests/tools/ensure-program chromium

# The test of the rulebook needs what ansible-rulebook needs.
java:
	@tests/tools/ensure-program java

# An environment cannot be moved: when this folder was, it is made anew.
ifneq ($(shell cat $(VENV)/.made-in 2>/dev/null),$(CURDIR))
  $(shell rm -f $(VENV)/.demo $(VENV)/.test)
endif

# The stamps are written last, so that an interrupted installation is taken up again.
$(VENV)/.demo: requirements.txt tests/requirements-demo.txt
	@tests/tools/ensure-venv $(VENV) tests/requirements-demo.txt
	@echo "$(CURDIR)" > $(VENV)/.made-in
	@touch $@

$(VENV)/.test: requirements.txt tests/requirements-demo.txt tests/requirements.txt
	@tests/tools/ensure-venv $(VENV) tests/requirements.txt
	@echo "$(CURDIR)" > $(VENV)/.made-in
	@touch $(VENV)/.demo $@
