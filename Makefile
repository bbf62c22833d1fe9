# SynTrust. Everything is installed into .venv; `make help` lists what there is.
# The newest Python that really runs here (a shim may be but a name) and makes environments.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11; do \
	$$name -c "import ensurepip, venv" 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
DISTRIBUTIONS := core services/metrics gateway services/generator services/segmenter client standalone
PROJECTS := $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
DATA ?= build/data
PORT ?= 8000
OPTIONS ?=
IMAGES := gateway services/generator services/segmenter services/metrics
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' gateway/pyproject.toml)
REVISION = $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
DOCKER ?= docker
# Compose as Docker's plugin, else as a program of its own.
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
TESTS ?=
JOBS ?= 2
N ?= 1000
PARALLEL := --numprocesses $(JOBS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: venv web docs demo study study-page up test test-fast test-kernels test-slurm test-pythons fuzz docs-test chaos chaos-table coverage check check-deploy check-kubernetes check-web kubernetes-secrets hooks bench structure walks configuration screenshots openapi client-types foreign-client lock env images sbom e2e clean help

$(VENV)/.installed: requirements/dev.txt $(PROJECTS)
	@test -x $(BIN)/python || test -n "$(PYTHON)" || { \
		echo "SynTrust needs Python 3.11, 3.12 or 3.13 with venv, and none is on the PATH: install one, or name it as in: make PYTHON=/path/to/python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation $(addprefix --editable ./,$(DISTRIBUTIONS))
	@touch $@

venv: $(VENV)/.installed web docs ## install everything into .venv, and build the page and the guide

web: $(VENV)/.installed ## build the page that the gateway serves, if its sources changed
	@$(BIN)/python -m tools.web build

docs: $(VENV)/.installed ## build the documentation that the gateway serves at /guide, if it changed
	@$(BIN)/python -m tools.guide build

demo: venv ## phantom cohort, twins, training at three α, trust factors: the main job, on this machine
	@$(BIN)/syntrust-standalone demo --data build/demo

study: venv ## the paper's design on phantoms, in hours; a second start goes on, and answers from what exists
	@$(BIN)/syntrust-standalone study studies/phantoms.json --data build/study --out studies/results/phantoms.json

study-page: venv ## write docs/study.md and its figures anew from studies/results/phantoms.json
	@$(BIN)/syntrust-standalone study-page studies/results/phantoms.json --page docs/study.md

up: venv ## the whole platform on http://127.0.0.1:$(PORT), data kept in $(DATA); OPTIONS=--allow-local-users on a shared machine
	@$(BIN)/syntrust-standalone up --data $(DATA) --port $(PORT) $(OPTIONS)

test: venv ## every test, on real servers started for the run; TESTS=folder for some
ifeq ($(TESTS),)
	@failed=0; \
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/unit $(PARALLEL) || failed=1; \
	$(BIN)/python -m pytest --ignore=tests/unit --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder || failed=1; \
	exit $$failed
else
	$(BIN)/python -m pytest $(TESTS)
endif

test-fast: venv ## the unit tests that are not slow, JOBS (2) at a time
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/unit -m "not slow" $(PARALLEL)

coverage: venv ## lines that the unit tests reach, printed and in build/coverage
	@mkdir -p build/coverage
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/unit $(PARALLEL) --cov $(addprefix --cov-report=,term:skip-covered html xml)

test-pythons: venv ## the unit tests on each Python 3.11-3.13 of this machine; TORCH=1 takes gigabytes of CUDA where it must
	@$(BIN)/python -m tests.pythons

fuzz: venv ## 2,000 damaged inputs of each kind; `make test` has 200
	$(BIN)/python -m pytest tests/fuzz -m "long or not long"

docs-test: venv ## type every command of README.md and the user's guide, those too that take minutes
	$(BIN)/python -m pytest tests/integration/docs -m "long or not long"

chaos: venv ## disturb real experiments until N (1000) faults have struck, then spoil disks, clock and store
	$(BIN)/python -m tests.chaos run --faults $(N)
	$(BIN)/python -m pytest tests/chaos -m long

chaos-table: venv ## add the record of `make chaos` to the sums in docs/internals/reliability.md
	$(BIN)/python -m tests.chaos table

test-slurm: venv ## an experiment whose workers are jobs of a real one-node Slurm (slurm-wlm, munge; as root); some ten minutes
	$(BIN)/python -m pytest tests/e2e/slurm -m slurm

test-kernels: venv ## the numerical tests on kernels of older processors, with 1 and 4 threads
	@$(BIN)/python -m tests.kernels

check: venv check-deploy check-kubernetes check-web ## format, lint, types, layering, structure, deployment
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python -m tools.structure --check

build/checkov/.installed: requirements/checkov.txt | $(VENV)/.installed
	$(BIN)/python -m venv build/checkov
	build/checkov/bin/python -m pip install --quiet --requirement requirements/checkov.txt
	@touch $@

check-kubernetes: venv build/checkov/.installed ## what k8s/ renders to: schemas, policies, and that the objects agree
	@$(BIN)/python -m tools.kubernetes --out build/kubernetes
	@build/checkov/bin/checkov --config-file k8s/checkov.yaml --directory build/kubernetes

kubernetes-secrets: venv ## write build/kubernetes-secrets.json with new keys for the overlay `local`, once
	@test -e build/kubernetes-secrets.json || { mkdir -p build; umask 077; \
		$(BIN)/python -m tools.kubernetes.secrets > build/kubernetes-secrets.json; }

check-web: venv ## the page: format, lint, types, its unit tests
	$(BIN)/python -m tools.web check
	$(BIN)/python -m tools.web test

check-deploy: venv ## Dockerfiles and Compose files
	$(BIN)/hadolint $(addsuffix /Dockerfile,$(IMAGES))
	$(BIN)/python -m tools.deploy.compose_files

env: ## write .env with new passwords for `docker compose`; one that is there stays
	@umask 077; python3 tools/deploy/env_file.py .env

images: ## build the four images, tagged with the version
	@for room in $(IMAGES); do \
		$(DOCKER) build --file $$room/Dockerfile --tag syntrust-$$(basename $$room):$(VERSION) \
			--build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) \
			$(if $(PIP_INDEX_URL),--build-arg PIP_INDEX_URL) $(if $(NPM_CONFIG_REGISTRY),--build-arg NPM_CONFIG_REGISTRY) $(if $(TORCH_INDEX),--build-arg TORCH_INDEX) \
			$(if $(PYTHON_IMAGE),--build-arg PYTHON_IMAGE) . || exit 1; done

build/cyclonedx/.installed: requirements/cyclonedx.txt | $(VENV)/.installed
	$(BIN)/python -m venv build/cyclonedx
	build/cyclonedx/bin/python -m pip install --quiet --requirement requirements/cyclonedx.txt
	@touch $@

sbom: venv build/cyclonedx/.installed ## list what each image installs, in build/sbom (CycloneDX)
	@$(BIN)/python -m tools.deploy.sbom build/sbom

e2e: venv ## build the images, run Compose and disturb it; skips without Docker
	$(BIN)/python -m pytest -m docker tests/deploy

hooks: venv ## run format and lint before each commit, types and layering before each push
	$(BIN)/pre-commit install --hook-type pre-commit --hook-type pre-push

bench: venv ## the benchmarks; slow, never part of the tests; fails if one misses a bound
	@missed=""; for file in benchmarks/bench_*.py; do \
		echo "== $$file"; $(BIN)/python $$file || missed="$$missed $$file"; done; \
	test -z "$$missed" || { echo "missed or failed:$$missed"; exit 1; }

structure: venv ## how the code is laid out: lengths, folders, circles, duplicates; fails if a target is missed
	@$(BIN)/python -m tools.structure --check

walks: venv ## write docs/internals/walks.md anew: the files that one value passes
	@mkdir -p build
	$(BIN)/python -m tools.walks > build/walks.md
	mv build/walks.md docs/internals/walks.md

configuration: venv ## write docs/configuration.md anew from the settings classes
	@mkdir -p build
	$(BIN)/python -m tools.configuration > build/configuration.md
	mv build/configuration.md docs/configuration.md

screenshots: venv ## take README's pictures of the page, from what `make demo` left
	@$(BIN)/python -m tools.screenshots

openapi: venv ## write docs/openapi.json anew from the gateway
	@mkdir -p build
	$(BIN)/syntrust-gateway openapi > build/openapi.json
	mv build/openapi.json docs/openapi.json

client-types: venv ## write the client's types anew from docs/openapi.json
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m datamodel_code_generator

foreign-client: venv ## let a generator of others make a client from docs/openapi.json; fails at a warning
	@test -x build/foreign-client/venv/bin/python || $(PYTHON) -m venv build/foreign-client/venv
	build/foreign-client/venv/bin/python -m pip install --quiet --requirement requirements/openapi-client.txt
	build/foreign-client/venv/bin/openapi-python-client generate --path docs/openapi.json --config requirements/openapi-client.yaml \
		--output-path build/foreign-client/made --overwrite --fail-on-warning
	build/foreign-client/venv/bin/python -W error -m compileall -qf build/foreign-client/made

lock: venv ## write requirements/*.txt anew
	$(BIN)/python requirements/lock.py

clean: ## remove what was built and installed here, and the demo's data
	rm -rf build $(VENV) gateway/web/node_modules gateway/syntrust_gateway/web/built gateway/syntrust_gateway/web/guide .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name '*.egg-info' -prune -exec rm -rf {} +

help: ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
