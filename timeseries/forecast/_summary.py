"""From outlooks to money: means, quantiles of days and totals, and independent paths."""

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import FloatArray, each_block
from timeseries.forecast._contract import Outlook
from timeseries.forecast._sampling import independent_draws, shared_draws, simulate

__all__ = ["Summary", "simulated_paths", "summarise"]

# Leaves a quantile of 14-day totals within a few per cent of its exact value.
SIMULATED = 1024
BLOCK = 500

# Mean of each day [series, horizon]; quantiles of each day and of the sum so far [series, horizon, levels].
Summary = tuple[FloatArray, FloatArray, FloatArray]


def summarise(outlook: Outlook, probabilities: FloatArray, seed: int) -> Summary:
    """Expected moves and quantiles of the moves, in money, block by block of series."""
    series, horizon = outlook.scale.shape
    mean = np.empty((series, horizon))
    daily, total = (np.empty((series, horizon, len(probabilities))) for _ in range(2))

    def of_rows(rows: slice) -> None:
        block = outlook.rows(rows)
        money = block.unit[:, None]
        so_far: FloatArray = np.zeros((len(block), SIMULATED), dtype=np.float32)
        for step, (moves, active) in enumerate(simulate(block, shared_draws(horizon, SIMULATED, seed))):
            so_far += moves
            # The shape has mean zero, so only the location counts: no sampling noise shared by all series.
            mean[rows, step] = active.mean(axis=1) * block.location * block.unit
            daily[rows, step] = sample_quantiles(moves, probabilities) * money
            total[rows, step] = sample_quantiles(so_far, probabilities) * money

    each_block(of_rows, series, BLOCK)
    return mean, daily, total


def sample_quantiles(samples: FloatArray, probabilities: FloatArray) -> FloatArray:
    """Quantiles of each row by linear interpolation between the mid-points of its steps (Hazen 1914)."""
    ordered = np.sort(samples, axis=1)
    place = np.clip(probabilities * samples.shape[1] - 0.5, 0, samples.shape[1] - 1)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, samples.shape[1] - 1)
    return np.asarray(ordered[:, below] + (place - below) * (ordered[:, above] - ordered[:, below]))


def simulated_paths(outlook: Outlook, paths: int, seed: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Daily moves in money along independent paths, [series, paths, horizon]."""
    series, horizon = outlook.scale.shape
    answer = np.empty((series, paths, horizon), dtype=np.float32)

    def of_rows(rows: slice) -> None:
        block = outlook.rows(rows)
        draws = independent_draws(len(block), paths, np.random.default_rng([*seed, rows.start]))
        moves = np.stack([moves for moves, _ in simulate(block, draws)], axis=2)
        answer[rows] = moves * block.unit[:, None, None]

    each_block(of_rows, series, BLOCK)
    return answer
