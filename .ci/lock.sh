#!/usr/bin/env bash
# Recompiles the locks. They hold names, versions and hashes only, so that any registry mirror can serve them.
# usage: lock.sh VENV_BIN
set -euo pipefail
bin=$1
"$bin/pip" install --quiet --disable-pip-version-check uv
compile() { "$bin/uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header "$@"; }
compile --extra dev --output-file requirements/dev.txt
compile --constraints requirements/dev.txt --output-file requirements/runtime.txt
compile --extra dev --extra bench --constraints requirements/dev.txt --output-file requirements/bench.txt
