# `make demo` and `make test` need only python3 (3.11 or later, with venv) and make.
# Targets with a ## are listed by `make help`.

PYTHON ?= python3
VENV_PYTHON = .venv/bin/python
EMBEDDED = $(VENV_PYTHON) -m kernel.embedded
# The -I keeps the script's own folder from hiding modules of the standard library.
READY = $(PYTHON) -I platform/kernel/embedded/bootstrap.py
# A worker that has no more tests takes some of another's.
PARALLEL = -n auto --dist worksteal

export PORT RESET YES JSON

.DEFAULT_GOAL := help
.PHONY: help venv demo demo-reset psql test lint format lock smoke isolation trials bench-tenancy bench-engine bench-fleet clean-data clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' \
		$(firstword $(MAKEFILE_LIST))

venv: ## make .venv and install the locked packages
	@$(READY)

# With exec, a signal to make reaches the supervisor itself.
demo: ## run the platform with its demo tenants (PORT=8001, RESET=1 begins anew)
	@$(READY) && exec $(EMBEDDED) demo --end-with-parent

demo-reset: ## the same on new data
	@$(READY) && exec $(EMBEDDED) demo --anew --end-with-parent

psql: ## open psql on the running demo's database
	@$(READY) && exec $(EMBEDDED) psql $(ARGS)

test: ## run the tests on real servers (ARGS="-k leave" goes to pytest)
	@$(READY) && exec $(VENV_PYTHON) -m pytest $(PARALLEL) $(ARGS)

lint: ## check style, types, imports and migrations
	@$(READY)
	$(VENV_PYTHON) -m ruff check
	$(VENV_PYTHON) -m ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	DJANGO_ENV=test $(VENV_PYTHON) manage.py makemigrations --check --dry-run

format: ## let ruff write the style
	@$(READY)
	$(VENV_PYTHON) -m ruff check --fix
	$(VENV_PYTHON) -m ruff format

lock: ## write deploy/requirements.txt from pyproject.toml
	@$(READY)
	.venv/bin/uv pip compile --universal --generate-hashes --no-emit-index-url \
		--no-header --group dev pyproject.toml -o deploy/requirements.txt

smoke: ## start the demo from a clean clone and run the documented examples
	@$(READY) && exec $(VENV_PYTHON) deploy/smoke.py

isolation: ## prove isolation at length, on all cores (ISOLATION_SEED=N begins there)
	@$(READY) && ISOLATION=long exec $(VENV_PYTHON) -m pytest $(PARALLEL) \
		-p tests.isolation.counting tests/isolation $(ARGS)

trials: ## race steps against each other 10,000 times (TRIALS_SEED=N begins there)
	@$(READY) && TRIALS=1000 exec $(VENV_PYTHON) -m pytest $(PARALLEL) \
		tests/workflow/trials/test_races.py $(ARGS)

bench-tenancy: ## compare with plain Django and django-tenants (JSON=FILE also writes)
	@$(READY) && exec $(VENV_PYTHON) -m tests.bench

bench-engine: ## compare the workflow engine with others (JSON=FILE also writes)
	@$(READY) && exec $(VENV_PYTHON) -m tests.bench.engine

bench-fleet: ## compare new tenants, releases and exports (JSON=FILE also writes)
	@$(READY) && exec $(VENV_PYTHON) -m tests.bench.fleet

clean-data: ## stop what runs and remove .data (asks first, unless YES=1)
	@$(READY) && exec $(EMBEDDED) clean-data

clean: ## remove .venv and the caches; the data stay
	rm -rf .venv .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
