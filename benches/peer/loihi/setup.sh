#!/usr/bin/env bash
# Virtual environments with Intel's lava-nc and with nengo-loihi, in benches/peer/loihi/.lava and .nengo: both need Python 3.10.
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-python3.10}
"$python" -m venv .lava
.lava/bin/pip install --quiet lava-nc==0.10.0 nir==1.0.8
"$python" -m venv .nengo
.nengo/bin/pip install --quiet nengo==3.2.0 nengo-loihi==1.1.0 'numpy<2' nir==1.0.8
