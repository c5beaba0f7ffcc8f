# Needs a POSIX shell and Python 3.11 or newer; everything else goes into .venv, from the lock files in requirements/.

PYTHON ?=
ARGS ?=
# A release is locked only after this long: bad ones are mostly withdrawn within days.
COOLDOWN ?= 3 days

# Each candidate is run: a name on PATH may be a shim to nothing, and some systems ship the venv module separately.
candidates = $(if $(PYTHON),'$(PYTHON)',python3.14 python3.13 python3.12 python3.11 python3)
first_that = $(shell for python in $(candidates); do \
	"$$python" -c '$(1)' >/dev/null 2>&1 && echo "$$python" && break; done)
is_new = import sys; sys.exit(sys.version_info < (3, 11))
is_whole = import ensurepip, venv; $(is_new)
or_name_one = or name another Python with PYTHON=/path/to/python
no_python = No working Python 3.11 or newer $(if $(PYTHON),at $(PYTHON),on the PATH): install one \
	(Debian, Ubuntu: apt install python3 python3-venv), $(or_name_one)
no_venv = $(1) has no venv or ensurepip module: \
	install them (Debian, Ubuntu: apt install $(shell '$(1)' -c '$(name_package)')), $(or_name_one)
name_package = import sys; print("python%d.%d-venv" % sys.version_info[:2])

pin = .venv/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --annotation-style line --custom-compile-command "make lock" \
	--exclude-newer "$(COOLDOWN)" $(ARGS)
compile = $(pin) --group service pyproject.toml
drivers = --extra postgresql --extra mysql
observing = --extra logs --extra metrics
# Of a new service, which `new` adds the wheel of the library to.
pin_template = $(pin) --constraints requirements/dev.txt --no-annotate --extra postgresql $(observing) pyproject.toml
compose_files = compose.yaml compose.tests.yaml sessionscope/template/compose.yaml
# `lock-check` tries the pip of Debian 12, the one that Python 3.11 and 3.12 put into .venv, and a new one.
pips = 23.0.1 23.2.1 26.3

# --no-deps: a lock file lists everything, and pip before 23.3 looks beyond it for the base of an extra.
# --only-binary: a build from source would take the build tools that are the newest on that day.
install_options = --no-deps --require-hashes --only-binary=:all:

# The variable hides an advertisement of the theme.
mkdocs = NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs

.DEFAULT_GOAL := help
.PHONY: help run new upgrade test test-newest resilience fuzz bank failover network bench bench-quick count picture servers docs docs-serve lint typecheck check format lock lock-check wheel clean
# Two installs into one .venv at a time would break it.
.NOTPARALLEL:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/run.stamp ## Migrate the database, then serve (ARGS="--port 9000"; APP_ variables are honoured)
	@.venv/bin/python -m app db upgrade
	@exec .venv/bin/python -m app serve $(ARGS)

new: .venv/test.stamp ## Make a new service in a folder of its own (NAME=../notes)
	$(if $(NAME),,$(error name the folder of the new service: make new NAME=../notes))
	@.venv/bin/python -m sessionscope new '$(NAME)'

upgrade: .venv/test.stamp ## Bring a service to this version of the library (NAME=../notes)
	$(if $(NAME),,$(error name the folder of the service: make upgrade NAME=../notes))
	@.venv/bin/python -m sessionscope upgrade '$(NAME)'

test: .venv/test.stamp ## Run the whole suite (ARGS="-k name" goes to pytest)
	@.venv/bin/python -m pytest -n auto $(ARGS)

test-newest: .venv/dev.stamp ## Run the suite on the newest releases that pyproject.toml allows, in .venv/newest
	@.venv/bin/uv --no-config venv --quiet --clear --seed --python .venv/bin/python .venv/newest
	@.venv/bin/uv --no-config pip install --quiet --upgrade --only-binary :all: --python .venv/newest \
		$(drivers) --group service --group test -r pyproject.toml
	@echo "Not as in requirements/test.txt:"
	@sed -nE 's/^([a-z0-9._-]+)(\[[^]]*\])?==([^ ;]+).*/\1==\3/p' requirements/test.txt > .venv/newest/locked.txt
	@.venv/bin/uv --no-config pip freeze --quiet --python .venv/newest | grep -vxFf .venv/newest/locked.txt || echo "nothing"
	@.venv/newest/bin/python -m pytest -n auto $(ARGS)

resilience: .venv/test.stamp ## Kill servers while the service moves money, some seconds on each database
	@.venv/bin/python -m pytest -m resilience $(ARGS)

fuzz: .venv/test.stamp .venv/fuzz.stamp ## Send 12,000 generated requests, in ten minutes at most (ARGS="--seed 1" repeats a run)
	@.venv/bin/python -m resilience fuzz $(ARGS)

bank: .venv/test.stamp ## Move money while things break, a minute on each database; writes docs/resilience.md
	@.venv/bin/python -m resilience bank $(ARGS)

failover: .venv/test.stamp ## Kill a PostgreSQL server under load, promote its standby; writes docs/resilience.md
	@.venv/bin/python -m resilience failover

network: .venv/test.stamp ## Lose all packets to a server for half a minute, in nine ways; needs root; writes docs/resilience.md
	@.venv/bin/python -m resilience network $(ARGS)

bench: .venv/test.stamp .venv/bench.stamp ## Measure everything for 40 minutes, and write benchmarks/results; needs wrk
	@.venv/bin/python -m benchmarks.testkit
	@.venv/bin/python -m benchmarks.requests
	@.venv/bin/python -m benchmarks.growth
	@.venv/bin/python -m benchmarks.start
	@.venv/bin/python -m benchmarks.connections
	@.venv/bin/python -m benchmarks.pool_sizes
	@.venv/bin/python -m benchmarks.writers
	@.venv/bin/python -m benchmarks.load

bench-quick: .venv/bench.stamp ## Measure what a request costs, roughly, in two minutes
	@.venv/bin/python -m benchmarks.requests --quick $(ARGS)

count: .venv/test.stamp ## Count the lines of code that a resource takes, and those of its twin in the usual style
	@.venv/bin/python -m benchmarks.count

picture: .venv/test.stamp ## Draw the wiring that the README shows into docs/images
	@.venv/bin/python -m app wiring --format svg > docs/images/wiring.svg

servers: .venv/servers.stamp ## Install the PostgreSQL and MySQL drivers as well

docs: .venv/docs.stamp ## Build the documentation into site/, without a network
	@$(mkdocs) build

docs-serve: .venv/docs.stamp ## Serve the documentation on http://127.0.0.1:8001, and build it anew after each change
	@$(mkdocs) serve --dev-addr 127.0.0.1:8001

lint: .venv/dev.stamp ## Check style, spelling, words, the direction of imports and container files
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/codespell
	.venv/bin/lint-imports
	.venv/bin/hadolint Containerfile sessionscope/template/Containerfile
	.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec $(compose_files)
	.venv/bin/python -m pytest -q -p no:cacheprovider tests/test_words.py tests/test_private_names.py

typecheck: .venv/dev.stamp ## Check types with mypy and pyright
	.venv/bin/python -m mypy
	.venv/bin/python -m pyright

check: lint typecheck ## lint and typecheck

format: .venv/dev.stamp ## Format the code and fix what can be fixed safely
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

lock: .venv/dev.stamp ## Bring requirements/ in line with pyproject.toml (ARGS=--upgrade renews every pin)
	$(compile) $(drivers) --extra traces --group dev --output-file requirements/dev.txt
	$(compile) --constraints requirements/dev.txt --output-file requirements/run.txt
	$(compile) --constraints requirements/dev.txt $(drivers) --extra traces --group test --output-file requirements/test.txt
	$(pin) --constraints requirements/dev.txt --group docs --output-file requirements/docs.txt
	$(compile) --constraints requirements/dev.txt $(drivers) --output-file requirements/servers.txt
	$(compile) --constraints requirements/dev.txt --extra postgresql --group bench --output-file requirements/bench.txt
	$(pin) --constraints requirements/dev.txt --group fuzz --output-file requirements/fuzz.txt
	$(pin_template) --group sessionscope/template/pyproject.toml:dev --output-file sessionscope/template/requirements/dev.txt
	$(pin_template) --output-file sessionscope/template/requirements/run.txt
	for pip in $(pips); do echo "pip==$$pip" | $(pin) - --output-file requirements/pips/$$pip.txt || exit; done

lock-check: .venv/dev.stamp ## Install each lock file into an empty environment, with old pips and a new one
	@.ci/locks '$(pips)' $(install_options)

wheel: .venv/dev.stamp ## Build the wheel of the library into dist/
	@.venv/bin/uv --no-config build --quiet --wheel --offline --clear --out-dir dist

clean: ## Remove .venv and caches; databases stay
	rm -rf .venv dist site .coverage htmlcov .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A system upgrade may leave .venv with a link to a Python that is gone: then all of it is made anew.
$(shell test -x .venv/bin/python || rm -f .venv/*.stamp)

.venv/venv.stamp:
	$(if $(call first_that,$(is_whole)),,$(error \
		$(if $(call first_that,$(is_new)),$(call no_venv,$(call first_that,$(is_new))),$(no_python))))
	@"$(call first_that,$(is_whole))" -m venv --clear .venv
	@touch $@

# Not in .venv: it brings plugins of pytest, which the tests would load.
.venv/fuzz.stamp: requirements/fuzz.txt .venv/venv.stamp
	@echo "Installing $< into .venv/fuzz"
	@.venv/bin/python -m venv --clear .venv/fuzz
	@.venv/fuzz/bin/python -m pip install -qq --disable-pip-version-check $(install_options) -r $<
	@touch $@

# The stamp makes an install happen once for each change of its lock file.
.venv/%.stamp: requirements/%.txt .venv/venv.stamp
	@echo "Installing $< into .venv"
	@.venv/bin/python -m pip install -qq --disable-pip-version-check $(install_options) -r $<
	@touch $@
