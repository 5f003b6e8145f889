"""Triton, where there is one; SPIKENAS_NO_KERNELS in the environment leaves it out, and plain operations compute all."""

import os

try:
    if os.environ.get("SPIKENAS_NO_KERNELS"):
        raise ImportError
    import triton
    import triton.language as tl
except ImportError:
    triton = tl = None
