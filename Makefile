# ReRad. On a fresh machine (Debian or Ubuntu, Python 3.11 to 3.13, make, a C compiler): make demo, make test.
PYTHON ?= python3
CORES ?= all
BIN := .venv/bin
# Set in many container images: each of the hundreds of processes would compile every module that it imports again.
unexport PYTHONDONTWRITEBYTECODE
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES)

.PHONY: help demo plan compare test test-slow slurm-test lint format docs lock bench clean

help:  ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

.venv/ready: envs/requirements.lock envs/install.sh pyproject.toml
	PYTHON=$(PYTHON) bash envs/install.sh

demo: .venv/ready  ## Run all studies on phantom cohorts, twelve minutes on two cores
	$(SNAKEMAKE) --configfile config/demo.yaml
	@echo "The report: $(CURDIR)/results/demo/report.html"

plan: .venv/ready  ## Tell what a run will cost before it runs, the paper run or: make plan CONFIG=config/demo.yaml
	@$(BIN)/python -m rerad.studies.planning $(if $(filter all,$(CORES)),,--cores $(CORES)) $(CONFIG)

compare: .venv/ready  ## Set two finished runs side by side: make compare A=demo B=paper
	@$(BIN)/python -m rerad.reporting.runs "$(A)" "$(B)"

test: .venv/ready  ## Run the test suite
	$(BIN)/python -m pytest -n $(if $(filter all,$(CORES)),auto,$(CORES)) --dist loadfile --no-loadscope-reorder

test-slow: .venv/ready  ## Run the tests that take minutes as well
	$(BIN)/python -m pytest -n $(if $(filter all,$(CORES)),auto,$(CORES)) --dist loadfile --no-loadscope-reorder --slow

slurm-test: .venv/ready  ## Run one study of the demo on a SLURM cluster of this one machine (needs root and apt)
	bash tests/workflow/slurm/run.sh

lint: .venv/ready  ## Check style, types, the workflow and the generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint --configfile config/demo.yaml
	$(BIN)/python docs/generate.py --check

format: .venv/ready  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

docs: .venv/ready  ## Write the generated files: docs/index.md, config/README.md, envs/environment.yaml
	$(BIN)/python docs/generate.py

lock:  ## Resolve the dependencies of pyproject.toml anew into envs/requirements.lock
	uv pip compile pyproject.toml --group dev --group build --universal --python-version 3.11 \
	  --fork-strategy fewest --no-annotate --no-header --output-file envs/requirements.lock

bench: .venv/ready  ## Measure against peers: results/benchmarks.md (some need RERAD_REAL_DATA, R); ONLY="morphology dry_run"
	-$(BIN)/python -m pip install --disable-pip-version-check --quiet "scikit-image>=0.26"
	$(BIN)/python benchmarks/run.py $(if $(ONLY),--only $(ONLY))

clean:  ## Remove the demo's results
	rm -rf results/demo
