"""Rolling-origin accuracy: calibrated, and better than the plain Gaussian of the past."""

import numpy as np
import pandas as pd
import pytest

from timeseries.forecast import coverage, crps_from_quantiles, forecast

HORIZON = 14
LEVELS = np.concatenate([[0.025], np.arange(1, 20) / 20, [0.975]])
LOWER_95, LOWER_80, UPPER_80, UPPER_95 = 0, 2, 18, 20


def two_state_accounts(series, days, active, seed):
    """Daily profit with two volatility states, idle days and t4 magnitudes."""
    rng = np.random.default_rng(seed)
    wild = np.zeros(series, dtype=bool)
    size = np.empty((series, days))
    for day in range(days):
        change = rng.random(series)
        wild = np.where(wild, change >= 0.06, change < 0.02)
        size[:, day] = np.where(wild, 1.7, 1.0)
    trades = rng.random((series, days)) < active(rng, (series, 1))
    account = np.exp(rng.normal(4, 0.75, (series, 1)))
    return rng.standard_t(4, (series, days)) * size * account * trades


def rolling(values, origins, model):
    """Score of each origin's forecast of a panel: summaries over every origin and series."""
    scores = []
    for origin in origins:
        past, coming = values[:, :origin], values[:, origin : origin + HORIZON]
        known = ~np.isnan(coming).any(axis=1) & (~np.isnan(past)).sum(axis=1).astype(bool)
        answer = forecast(past[known], HORIZON, quantiles=LEVELS, model=model)
        # Every origin weighs a series by its own past size, the same for every model.
        weight = 1 / np.nanstd(past[known], axis=1)
        scores.append((coming[known], answer.quantiles, answer.total_quantiles, weight))
    return [np.concatenate(part) for part in zip(*scores, strict=True)]


def measured(values, origins, model):
    coming, quantiles, totals, weight = rolling(values, origins, model)
    total = coming.sum(axis=1)
    return {
        "day": np.mean(crps_from_quantiles(quantiles[:, 0], LEVELS, coming[:, 0]) * weight),
        "sum": np.mean(crps_from_quantiles(totals[:, -1], LEVELS, total) * weight),
        "80": coverage(quantiles[..., LOWER_80], quantiles[..., UPPER_80], coming),
        "95": coverage(quantiles[..., LOWER_95], quantiles[..., UPPER_95], coming),
        "sum 80": coverage(totals[:, -1, LOWER_80], totals[:, -1, UPPER_80], total),
        "sum 95": coverage(totals[:, -1, LOWER_95], totals[:, -1, UPPER_95], total),
    }


@pytest.mark.parametrize(
    ("active", "least_gain"),
    [
        pytest.param(lambda rng, shape: np.ones(shape), 1.0, id="always active"),
        pytest.param(lambda rng, shape: rng.beta(2.2, 1.2, shape), 0.93, id="idle days"),
        pytest.param(lambda rng, shape: rng.uniform(0.1, 0.3, shape), 0.80, id="mostly idle"),
    ],
)
def test_synthetic_panels(active, least_gain):
    values = two_state_accounts(160, 360, active, seed=11)
    origins = range(80, 346, 53)
    ours, naive = (measured(values, origins, model) for model in ("auto", "naive"))
    assert ours["day"] / naive["day"] < least_gain
    assert ours["sum"] / naive["sum"] < 1.0
    assert 0.76 <= ours["sum 80"] <= 0.84
    assert 0.92 <= ours["sum 95"] <= 0.97
    assert ours["80"] >= 0.76
    assert ours["95"] >= 0.935
    # When most days are zero, any honest interval holds them and covers more than it promises.
    if np.mean(values == 0) < 0.5:
        assert ours["80"] <= 0.84


def test_accounts_simulated_from_real_returns(shared_data):
    table = pd.read_csv(shared_data / "sim_accounts_dev40.csv")
    table["gain"] = table["pnl"] / table["initial_balance"]
    # Each account counts its own days from its start, so that all of them have a past at every origin.
    table["day"] = table.groupby("account_id").cumcount()
    values = table.pivot_table(index="account_id", columns="day", values="gain").to_numpy()
    origins = range(60, values.shape[1] - HORIZON, 14)
    ours, naive = (measured(values, origins, model) for model in ("auto", "naive"))
    assert ours["day"] / naive["day"] < 0.945
    assert ours["sum"] / naive["sum"] < 0.97
    assert 0.78 <= ours["80"] <= 0.82
    assert 0.93 <= ours["95"] <= 0.965
    assert 0.76 <= ours["sum 80"] <= 0.84
