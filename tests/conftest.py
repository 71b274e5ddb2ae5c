"""Fixtures that several packages share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of training and test data that lies beside the checkout, or a skip."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the data folder ../shared/data, which is not part of the repository")
    return SHARED_DATA


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260)
