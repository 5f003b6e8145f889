#!/usr/bin/env bash
# A virtual environment with PyTorch and SpikingJelly from PyPI, in benches/peer/.venv (several GB).
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet --requirement requirements.txt
