# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup system browser desktop demo serve test test-clients check audit sbom bench format lock clean

help:  ## Show these targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements/dev.txt pyproject.toml .ci/venv.sh
	@bash .ci/venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

system:
	@bash .ci/system.sh postgis

browser:
	@bash .ci/system.sh postgis browser

desktop:
	@bash .ci/system.sh postgis desktop

setup: system $(VENV)/.installed  ## Create .venv, install the locked requirements and PostGIS

demo: setup  ## Import the sample town, write hot spots, beats and maps to out/, then serve (SERVE=0: stop after writing)
	@$(BIN)/kvart demo --out out $(if $(filter 0,$(SERVE)),--no-serve,)

serve: setup  ## Serve the API and maps on http://127.0.0.1:8000
	@$(BIN)/kvart serve

test: browser $(VENV)/.installed  ## Run the test suite with coverage
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-clients: desktop $(VENV)/.installed  ## Read the layers with GDAL and QGIS as distributions package them
	@$(BIN)/python -m pytest --no-cov -rs tests/clients

check: $(VENV)/.installed  ## ruff format and lint, mypy --strict, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

audit: $(VENV)/.installed  ## Check the locked requirements against the published vulnerabilities
	@$(BIN)/python .ci/audit.py

sbom: $(VENV)/.installed  ## Write the software bill of materials (CycloneDX) to out/kvart.cdx.json
	@mkdir -p out
	@$(BIN)/cyclonedx-py requirements requirements/runtime.txt --pyproject pyproject.toml --mc-type application \
		--output-reproducible --output-format JSON --output-file out/kvart.cdx.json
	@echo "out/kvart.cdx.json"

bench: setup  ## Measure against the named peers; writes benchmarks/RESULTS.md
	@$(BIN)/pip install --quiet --require-hashes -r requirements/bench.txt
	@$(BIN)/python -m benchmarks

format: $(VENV)/.installed  ## Format the code and fix what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(VENV)/.installed  ## Recompile the lock files: names, versions and hashes only
	@bash .ci/lock.sh "$(BIN)"

clean:  ## Remove what the other targets made
	rm -rf $(VENV) out .kvart .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov
