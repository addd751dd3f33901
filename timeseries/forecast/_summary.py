"""From outlooks to money: means, quantiles of days and totals, and paths."""

import numpy as np
import numpy.typing as npt

from timeseries.forecast._activity import active_shares
from timeseries.forecast._arrays import FloatArray, each_block
from timeseries.forecast._contract import Outlook
from timeseries.forecast._sampling import Draws, shared_draws, simulate

__all__ = ["Summary", "expected_moves", "simulated_moves", "summarise"]

# Leaves a quantile of 14-day totals within a few per cent of its exact value.
SIMULATED = 1024
BLOCK = 500

# Mean of each day [series, horizon]; quantiles of each day and of the sum so far [series, horizon, levels].
Summary = tuple[FloatArray, FloatArray, FloatArray]


def summarise(outlook: Outlook, probabilities: FloatArray, seed: int) -> Summary:
    """Expected moves and quantiles of the moves, in money, block by block of series."""
    series, horizon = outlook.scale.shape
    daily, total = (np.empty((series, horizon, len(probabilities))) for _ in range(2))

    def of_rows(rows: slice) -> None:
        block = outlook.rows(rows)
        money = block.unit[:, None]
        so_far: FloatArray = np.zeros((len(block), SIMULATED), dtype=np.float32)
        for step, (moves, _) in enumerate(simulate(block, shared_draws(horizon, SIMULATED, seed))):
            so_far += moves
            daily[rows, step] = sample_quantiles(moves, probabilities) * money
            total[rows, step] = sample_quantiles(so_far, probabilities) * money

    each_block(of_rows, series, BLOCK)
    return expected_moves(outlook), daily, total


def expected_moves(outlook: Outlook) -> FloatArray:
    """Expected move of every day, [series, horizon]: only the location counts, surprises have mean zero."""
    return active_shares(outlook.rates, outlook.rest) * outlook.location * outlook.unit[:, None]


def sample_quantiles(samples: FloatArray, probabilities: FloatArray) -> FloatArray:
    """Quantiles of each row by linear interpolation between the mid-points of its steps (Hazen 1914)."""
    ordered = np.sort(samples, axis=1)
    place = np.clip(probabilities * samples.shape[1] - 0.5, 0, samples.shape[1] - 1)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, samples.shape[1] - 1)
    return np.asarray(ordered[:, below] + (place - below) * (ordered[:, above] - ordered[:, below]))


def simulated_moves(outlook: Outlook, draws: Draws) -> npt.NDArray[np.float32]:
    """Daily moves along simulated paths, [series, paths, horizon]."""
    paths = draws.doubt.shape[2]
    answer = np.empty((len(outlook), paths, outlook.horizon), dtype=np.float32)
    money = outlook.unit.astype(np.float32)[:, None]
    for step, (moves, _) in enumerate(simulate(outlook, draws)):
        np.multiply(moves, money, out=answer[:, :, step])
    return answer
