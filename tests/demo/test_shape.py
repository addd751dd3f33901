from datetime import date

import numpy as np
import pandas as pd
import pytest

from timeseries.demo._calendar import make_calendar
from timeseries.demo._traders import make_traders, make_volatility
from timeseries.demo._trades import draw_days

CRYPTO = ["BTCUSD", "ETHUSD"]


def weekend(times: pd.Series, zone) -> pd.Series:
    local = times.dt.tz_convert(zone)
    day, hour = local.dt.day_of_week, local.dt.hour
    return ((day == 4) & (hour >= 17)) | (day == 5) | ((day == 6) & (hour < 17))


def ordinary(loaded) -> pd.DataFrame:
    return loaded.trades[~loaded.trades.account.isin([label.account for label in loaded.firm.labels])]


def test_markets_rest_from_friday_to_sunday_five_o_clock_in_new_york(loaded, new_york):
    others = loaded.trades[~loaded.trades.symbol.isin(CRYPTO)]
    assert not weekend(others.open_time, new_york).any()
    assert not weekend(others.close_time, new_york).any()
    crypto = loaded.trades[loaded.trades.symbol.isin(CRYPTO)]
    days = (crypto.open_time.dt.day_of_week >= 5).value_counts()
    assert 0.12 < (days[True] / 2) / (days[False] / 5) < 0.45


def test_positions_open_before_they_close_and_within_the_account_s_life(loaded):
    trades = loaded.trades.join(loaded.accounts[["opened_at", "closed_at"]], on="account")
    held = trades.close_time - trades.open_time
    assert (held > pd.Timedelta(0)).all()
    assert (trades.open_time >= trades.opened_at).all()
    ended = trades[trades.closed_at.notna()]
    assert (ended.open_time < ended.closed_at).all()
    assert (ended.close_time <= ended.closed_at).all()
    assert held.quantile(0.5) == pytest.approx(pd.Timedelta(minutes=30), rel=0.35)


def test_symbols_are_traded_in_the_field_s_proportions(loaded):
    shares = ordinary(loaded).symbol.value_counts(normalize=True)
    expected = {"XAUUSD": 0.30, "NAS100": 0.14, "EURUSD": 0.12, "US30": 0.10, "GBPUSD": 0.08}
    for symbol, share in expected.items():
        assert shares[symbol] == pytest.approx(share, abs=0.045)
    assert shares.index[0] == "XAUUSD"
    assert len(shares) == 20


def test_hours_follow_the_sessions(loaded):
    opened = ordinary(loaded).open_time
    opened = opened[opened.dt.day_of_week < 4]
    per_hour = opened.dt.hour.value_counts().reindex(range(24), fill_value=0)
    spans = [(0, 7, 1), (7, 12, 3), (12, 17, 5), (17, 21, 2), (21, 24, 0.5)]
    unit = len(opened) / 56.5
    for begin, end, weight in spans:
        assert per_hour.iloc[begin:end].mean() / unit == pytest.approx(weight, rel=0.12)


def test_results_have_the_field_s_shape(loaded):
    trades = ordinary(loaded).join(loaded.accounts[["initial_balance"]], on="account")
    trades["result"] = trades.net / trades.initial_balance
    assert (trades.net > 0).mean() == pytest.approx(0.61, abs=0.03)
    assert (trades.profit == 0).any()
    losses = trades[trades.result < 0].groupby("account").result.mean().abs()
    # The volatility states and the edge lift the plain median of 1.1 % a little.
    assert 0.009 < losses.median() < 0.0155
    assert np.log(losses).std() == pytest.approx(0.75, abs=0.2)


def test_active_days_and_trades_a_day(loaded):
    trades = ordinary(loaded)
    trades = trades.assign(day=trades.open_time.dt.normalize())
    counts = trades[trades.day.dt.day_of_week < 5].groupby(["account", "day"]).size()
    assert (counts == 1).mean() == pytest.approx(0.38, abs=0.06)
    assert 2.6 < counts.mean() < 4.4
    end = pd.Timestamp(loaded.firm.last_day, tz="UTC") + pd.Timedelta(days=1)
    accounts = loaded.accounts[~loaded.accounts.index.isin([label.account for label in loaded.firm.labels])]
    life = np.busday_count(
        accounts.opened_at.dt.date.to_numpy().astype("datetime64[D]"),
        accounts.closed_at.fillna(end).dt.date.to_numpy().astype("datetime64[D]"),
    )
    old = pd.Series(life, accounts.index)[life >= 30]
    share = counts.groupby("account").size().reindex(old.index, fill_value=0) / old
    # Active accounts reach their limits sooner, so the survivors are calmer than the firm.
    assert 0.45 < share.mean() < 2.2 / 3.4


def test_the_traders_habits_before_any_account_ends():
    calendar = make_calendar(60, date(2026, 6, 30))
    rng = np.random.default_rng(5)
    traders = make_traders(rng, 4000, calendar)
    account, day = draw_days(rng, traders, calendar)
    working = ~calendar.weekend[day]
    cells, counts = np.unique(account[working] * 1000 + day[working], return_counts=True)
    lived = (calendar.weekdays.size - traders.opened_weekday).sum()
    assert cells.size / lived == pytest.approx(2.2 / 3.4, abs=0.015)
    assert counts.mean() == pytest.approx(1 + 1.6 * np.exp(0.94**2 / 2), rel=0.06)
    assert np.median(traders.risk / traders.balance) == pytest.approx(0.011, rel=0.06)


def test_volatility_has_two_states_that_switch_at_their_rates():
    volatility = make_volatility(np.random.default_rng(2), 20_000, 120)
    wild = volatility > 1.35 * volatility.min(axis=0)
    assert np.allclose(volatility.max(axis=0) / volatility.min(axis=0), 1.7)
    entered = wild[:, 1:][~wild[:, :-1]].mean()
    left = 1 - wild[:, 1:][wild[:, :-1]].mean()
    assert (entered, left) == (pytest.approx(0.02, rel=0.05), pytest.approx(0.06, rel=0.05))


def test_profit_is_lots_times_contract_times_move(loaded):
    contract = {"XAUUSD": 100, "EURUSD": 100_000, "NAS100": 1, "BTCUSD": 1}
    trades = loaded.trades[loaded.trades.symbol.isin(contract)]
    move = (trades.close_price - trades.open_price) * np.where(trades.side == "buy", 1, -1)
    expected = trades.lots * trades.symbol.map(contract) * move
    assert (expected - trades.profit).abs().max() < 0.0051
    yen = loaded.trades[loaded.trades.symbol == "USDJPY"]
    move = (yen.close_price - yen.open_price) * np.where(yen.side == "buy", 1, -1)
    assert np.allclose(yen.lots * 1e5 * move / 150, yen.profit, rtol=0.2, atol=0.02)


def test_costs(loaded, new_york):
    euro = loaded.trades[loaded.trades.symbol == "EURUSD"]
    assert np.allclose(euro.commission, -7 * euro.lots, atol=1e-9)
    begin, end = (euro[name].dt.tz_convert(new_york) for name in ("open_time", "close_time"))
    same_day = (begin.dt.date == end.dt.date) & ((begin.dt.hour >= 17) | (end.dt.hour < 17))
    assert (euro.swap[same_day] == 0).all()
    overnight = (end - begin) > pd.Timedelta(hours=24)
    weekday = begin.dt.day_of_week < 4
    assert (euro.swap[overnight & weekday & (euro.lots >= 0.1)] != 0).all()


def test_prices_of_one_symbol_follow_one_path(loaded):
    gold = loaded.trades[loaded.trades.symbol == "XAUUSD"].sort_values("open_time")
    near = gold.open_time.diff() < pd.Timedelta(minutes=5)
    jumps = (gold.open_price.diff().abs() / gold.open_price)[near]
    assert jumps.max() < 0.006
    assert gold.open_price.std() / gold.open_price.mean() > 0.01


def test_stops_and_targets_were_not_passed(loaded):
    trades = loaded.rows.merge(loaded.trades[["account", "ticket"]], on=["account", "ticket"])
    direction = np.where(trades.side == "buy", 1, -1)
    for name, sign in (("stop_loss", 1), ("take_profit", -1)):
        level = pd.to_numeric(trades[name])
        past = sign * direction * (pd.to_numeric(trades.close_price) - level)
        assert level.notna().mean() > 0.2
        assert (past[level.notna()] > -1e-6).all()


def test_accounts_open_from_the_start_and_later(loaded):
    first = pd.Timestamp(loaded.firm.first_day, tz="UTC")
    start = (loaded.accounts.opened_at < first).mean()
    assert start == pytest.approx(0.7, abs=0.07)
    assert loaded.accounts.opened_at.max() > first + pd.Timedelta(days=130)
    assert 0.1 < (loaded.accounts.status == "active").mean() < 0.5
