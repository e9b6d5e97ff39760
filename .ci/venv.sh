#!/usr/bin/env bash
# Creates the virtual environment and installs the locked requirements and Kvart itself (editable).
# usage: venv.sh PYTHON VENV
set -euo pipefail
python=$1
venv=$2

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Kvart needs Python 3.11 or newer; found: $("$python" --version 2>&1). Set PYTHON=/path/to/python3." >&2
    exit 1
fi
if [ ! -x "$venv/bin/python" ] && ! "$python" -m venv "$venv" 2>/dev/null; then
    rm -rf "$venv"
    bash "$(dirname "$0")/system.sh" venv
    "$python" -m venv "$venv"
fi
echo "Installing the locked requirements into $venv (first run only) ..."
"$venv/bin/pip" install --quiet --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
"$venv/bin/pip" install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
