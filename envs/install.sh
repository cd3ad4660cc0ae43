#!/usr/bin/env bash
# Make .venv from the one lock, envs/requirements.lock. Called by the Makefile; PYTHON names the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

fail() { printf 'install: %s\n' "$*" >&2; exit 1; }

[[ $PWD != *[[:space:]\"\'\\\$\`\&\|\;\<\>\(\)*?]* ]] ||
  fail "$PWD has a blank or another sign that a shell reads for itself, Snakemake could start no job: move the project to a folder without"

"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
  fail "$("$python" --version 2>&1) is not supported: set PYTHON to a Python 3.11, 3.12 or 3.13, as in: make demo PYTHON=python3.12"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "$python cannot make virtual environments: install the venv package (Debian, Ubuntu: apt install python3-venv)"
# An environment that is active now may be the one that is thrown away below.
python=$("$python" -c 'import sys; print(sys._base_executable)')
header=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include") + "/Python.h")')
[ -e "$header" ] || fail "$header is missing, PyRadiomics cannot be built: install the headers (Debian, Ubuntu: apt install python3-dev)"
command -v "${CC:-cc}" >/dev/null || fail "no C compiler: PyRadiomics cannot be built (Debian, Ubuntu: apt install gcc)"

# A half-made or older environment is thrown away: what the lock no longer names would linger in it.
rm -rf .venv
"$python" -m venv .venv
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
add() { pip install --quiet --no-compile "$@"; }

# PyRadiomics 3.0.1 has no wheel and builds against the numpy and setuptools that are already there.
grep -v '^pyradiomics==' envs/requirements.lock > .venv/first.txt
grep '^pyradiomics==' envs/requirements.lock > .venv/then.txt
add --requirement .venv/first.txt

# Its setup still asks configparser for two names that Python 3.12 dropped.
mkdir -p .venv/shim
cat > .venv/shim/sitecustomize.py <<'PY'
import configparser

if not hasattr(configparser, "SafeConfigParser"):
    configparser.SafeConfigParser = configparser.RawConfigParser
if not hasattr(configparser.RawConfigParser, "readfp"):
    configparser.RawConfigParser.readfp = lambda self, fp, filename=None: self.read_file(fp, filename)
PY
# No cache: a wheel that was built against another numpy installs silently and fails on import.
PYTHONPATH=$PWD/.venv/shim add --no-cache-dir --no-build-isolation --no-deps --requirement .venv/then.txt
add --no-build-isolation --no-deps --editable .
# Of 2 GB of modules only those are compiled that are used, but these once and not by each process: container images
# often set the variable that forbids it.
env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -c '
import matplotlib.pyplot, monai.networks.nets, numba, pandas, pydicom, radiomics, scipy.stats, SimpleITK, sklearn.ensemble
import snakemake.cli, torch
import rerad
'
touch .venv/ready
