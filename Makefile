# Short names for developers. ./run and ./test need none of this.
UV ?= uv
PYTHON = .venv-test/bin/python
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-config --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.PHONY: help run test lint format type cover stress soak chaos bench screenshots lock sbom audit clean \
	environment
.DEFAULT_GOAL := help

help:  ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run:  ## serve on $PORT (8080)
	@./run

test:  ## everything that must pass: linter, formatter, types, tests, coverage
	@./test

lint: environment  ## ruff's rules
	@$(PYTHON) -m ruff check . --extend-exclude .venv-test

format: environment  ## rewrite the code in the one format
	@$(PYTHON) -m ruff format . --extend-exclude .venv-test

type: environment  ## mypy, strict
	@$(PYTHON) -m mypy

cover: environment  ## the tests, then every line and branch they miss
	@$(PYTHON) -m pytest -q --numprocesses auto --cov --cov-report=
	@$(PYTHON) -m coverage report

stress: environment  ## the tests twenty times, until the first red
	@for round in $$(seq 20); do \
		echo "round $$round"; $(PYTHON) -m pytest -q -x --numprocesses auto || exit 1; \
	done

soak:  ## the long tests: many more kills and hops, and the waits that the protocol gives
	@FEED_SOAK=1 ./test tests/blackbox --numprocesses 2

chaos: environment  ## everything fails for CHAOS_MINUTES (4), as CHAOS_SEED says; every client is checked
	@$(PYTHON) -m tests.chaos

bench: environment  ## what it costs, beside others: make bench BENCH="A B --rounds 1"
	@$(PYTHON) -m benchmarks $(BENCH)

screenshots: environment  ## the pictures in docs/, of the demo in Chromium
	@$(PYTHON) -m docs.screenshots

lock:  ## make requirements*.txt from pyproject.toml, with the newest versions (needs uv)
	@$(LOCK) --extra server pyproject.toml --output-file requirements.txt
	@$(LOCK) --extra server --extra dev --constraint requirements.txt pyproject.toml --output-file requirements-dev.txt
	@$(LOCK) --group alone --no-deps --constraint requirements-dev.txt --output-file requirements-alone.txt

sbom: environment  ## what the feed is made of, in CycloneDX: feed.cdx.json
	@$(PYTHON) deploy/sbom.py >feed.cdx.json

audit:  ## known weaknesses of what is locked (needs uv and the network)
	@$(UV) tool run pip-audit --disable-pip --require-hashes -r requirements.txt

clean:  ## remove environments, caches and reports
	rm -rf .venv .venv-test .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov build \
		benchmarks/.build
	find feed tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

environment:
	@sh -c '. ./environment.sh; environment .venv-test requirements.txt requirements-dev.txt requirements-alone.txt' make
