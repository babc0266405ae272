"""Everywhere Keras trains: each row is a real fit that comes out the same with and without lossdoctor."""

from __future__ import annotations

import pytest
from compat_check import check
from compat_rows import ROWS

pytestmark = pytest.mark.fit


@pytest.mark.parametrize("name", ROWS)
def test_row(name):
    """Same weights, bit for bit; batch losses and gradient norms as in a loop by hand; Keras's logs as their means."""
    check(ROWS[name])
