"""Numbers as the database and JSON keep them."""

import numpy as np

__all__ = ["finite_or_none"]


def finite_or_none(value: float) -> float | None:
    """The number; none where there is none."""
    return float(value) if np.isfinite(value) else None
