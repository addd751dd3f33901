"""Plots as files."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from timeseries.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["save_forecast_plot"]

FloatArray = npt.NDArray[np.float64]
FORMATS = (".png", ".svg", ".pdf")
SHADES = (0.18, 0.32, 0.4)


def save_forecast_plot(
    path: Path,
    *,
    title: str,
    days: npt.NDArray[np.datetime64],
    balance: FloatArray,
    ahead: npt.NDArray[np.datetime64],
    totals: dict[float, FloatArray],
    floor: float | None,
    currency: str,
) -> None:
    """Draw an account's balance and the fan of its forecast into a file.

    Args:
        days: weekdays of the history, with ``balance`` at the end of each.
        ahead: weekdays of the forecast.
        totals: quantile level → cumulative profit by each day ahead.
        floor: balance at which the account ends; None without such a rule.

    Raises:
        InputError: the file's ending is not .png, .svg or .pdf, or it cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"Cannot plot to {path}: give a file ending in {', '.join(FORMATS)}.")
    from matplotlib.figure import Figure  # it takes half a second to import

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(days, balance, color="#24476b", linewidth=1.4, label="balance")
    _draw_fan(axes, ahead, float(balance[-1]), totals)
    if floor is not None:
        axes.axhline(floor, color="#b3261e", linestyle="--", linewidth=1.0, label="drawdown limit")
    _dress(axes, title, currency)
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror}.") from error


def _draw_fan(
    axes: "Axes", ahead: npt.NDArray[np.datetime64], start: float, totals: dict[float, FloatArray]
) -> None:
    levels = sorted(totals)
    for low, high, shade in zip(levels[: len(levels) // 2], levels[::-1], SHADES, strict=False):
        edges = (start + totals[low], start + totals[high])
        label = f"{high - low:.0%} interval"
        axes.fill_between(ahead, *edges, color="#d9822b", alpha=shade, linewidth=0, label=label)
    axes.plot(ahead, start + totals[0.5], color="#b35c00", linewidth=1.4, label="median")


def _dress(axes: "Axes", title: str, currency: str) -> None:
    axes.set_title(title, loc="left")
    axes.set_ylabel(currency)
    axes.yaxis.set_major_formatter(lambda value, position: f"{value:,.0f}")
    axes.legend(frameon=False, loc="best", fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
