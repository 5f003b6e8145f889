"""Images that tests search and train on, and settings of networks so small that they take no time."""

import numpy as np
import pytest
import spikenas


@pytest.fixture(scope="session")
def stripes():
    """Three classes of stripes, 16x16: 48 training and 12 test images."""
    return spikenas.Dataset(*images(48, 0), *images(12, 2), classes=["lying", "standing", "leaning"])


def images(count, first):
    """Pixels, uint8 [images, 3, 16, 16], and labels: horizontal, vertical and diagonal stripes, each with another phase."""
    rows, columns = np.indices((16, 16))
    along = [rows, columns, rows + columns]
    labels = np.arange(count) % 3
    lines = np.stack([(along[label] + first + index) % 6 < 3 for index, label in enumerate(labels)])
    return np.repeat(np.where(lines, 230, 25).astype(np.uint8)[:, None], 3, axis=1), labels


#: The network of tests.
TINY = {"widths": [4, 8], "hidden": 16, "timesteps": 2, "cells": 1}
#: A search of tests: 64 candidates.
SMALL = {**TINY, "ops": "skip,conv3x3", "budget": "200k"}
