"""How the coverage of forecasts moves, as a file."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from timeseries.errors import InputError
from timeseries.terminal._plots import FORMATS

__all__ = ["save_coverage_plot"]

FloatArray = npt.NDArray[np.float64]
NOMINAL = (0.8, 0.95)
SHADE = "#8a8a8a"


def save_coverage_plot(
    path: Path,
    *,
    title: str,
    groups: dict[str, tuple[npt.NDArray[np.datetime64], FloatArray, FloatArray]],
) -> None:
    """Draw the share of days within the 80 % and the 95 % interval, week by week, into a file.

    Args:
        groups: name → Mondays of the weeks, and the two shares in each; NaN leaves a gap.

    Raises:
        InputError: the file's ending is not .png, .svg or .pdf, or it cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"Cannot plot to {path}: give a file ending in {', '.join(FORMATS)}.")
    from matplotlib.dates import AutoDateLocator  # it takes half a second to import
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name, (weeks, *shares) in groups.items():
        (line,) = axes.plot(weeks, shares[0], marker="o", markersize=3, label=f"{name}: 80 %")
        colour = line.get_color()
        axes.plot(weeks, shares[1], ":", color=colour, marker="o", markersize=3, label=f"{name}: 95 %")
    for level in NOMINAL:
        axes.axhline(level, color=SHADE, linewidth=0.8)
    axes.set_title(title, loc="left")
    axes.yaxis.set_major_formatter(lambda value, position: f"{value:.0%}")
    ticks = AutoDateLocator(interval_multiples=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(ticks)
    figure.legend(frameon=False, loc="outside right upper", fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    figure.autofmt_xdate()
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror}.") from error
