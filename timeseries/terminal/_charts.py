"""Charts made of characters."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["fan", "sparkline"]

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: npt.ArrayLike, width: int = 40) -> str:
    """A series as a line of blocks, its last ``width`` points; gaps are blanks."""
    series = np.asarray(values, dtype=np.float64)[-width:]
    known = series[np.isfinite(series)]
    if not known.size:
        return ""
    low, span = known.min(), np.ptp(known) or 1.0
    return "".join(
        BLOCKS[int((value - low) / span * (len(BLOCKS) - 1))] if np.isfinite(value) else " "
        for value in series
    )


def fan(
    lower: npt.ArrayLike,
    middle: npt.ArrayLike,
    upper: npt.ArrayLike,
    labels: Sequence[str],
    *,
    width: int = 48,
) -> list[str]:
    """A forecast as one line a day: the interval as a bar, the median as a dot, zero as a stroke."""
    low, centre, high = (np.asarray(part, dtype=np.float64) for part in (lower, middle, upper))
    least, most = min(low.min(), 0.0), max(high.max(), 0.0)
    scale = (width - 1) / ((most - least) or 1.0)

    def column(value: float) -> int:
        return round(float((value - least) * scale))

    lines = []
    for label, a, m, b in zip(labels, low, centre, high, strict=True):
        cells = [" "] * width
        cells[column(a) : column(b) + 1] = "─" * (column(b) + 1 - column(a))
        cells[column(0.0)] = "│"
        cells[column(m)] = "●"
        lines.append(f"{label}  {''.join(cells)}")
    return lines
