from collections import Counter

import numpy as np
import pandas as pd
import pytest

from timeseries.demo import generate

KINDS = {"lot_explosion", "win_rate_jump", "martingale", "copied_pair", "dead_feed"}


def window(loaded, label) -> pd.DataFrame:
    trades = loaded.trades[loaded.trades.account == label.account]
    begin, end = pd.Timestamp(label.first_day, tz="UTC"), pd.Timestamp(label.last_day, tz="UTC")
    return trades[(trades.close_time >= begin) & (trades.close_time < end + pd.Timedelta(days=1))]


def before(loaded, label) -> pd.DataFrame:
    trades = loaded.trades[loaded.trades.account == label.account]
    return trades[trades.close_time < pd.Timestamp(label.first_day, tz="UTC")]


def labels(loaded, kind):
    return [label for label in loaded.firm.labels if label.kind == kind]


def test_every_kind_is_there_on_accounts_of_its_own(loaded):
    found = Counter(label.kind for label in loaded.firm.labels)
    assert found.keys() == KINDS
    assert found.pop("copied_pair") == 4
    assert set(found.values()) == {2}
    assert len({label.account for label in loaded.firm.labels}) == len(loaded.firm.labels)


def test_the_labels_file_is_the_labels(loaded):
    frame = pd.read_csv(loaded.firm.labels_file)
    assert list(frame.columns) == ["account", "kind", "first_day", "last_day", "detail"]
    assert list(frame.account) == [label.account for label in loaded.firm.labels]
    assert list(frame.last_day) == [label.last_day.isoformat() for label in loaded.firm.labels]


def test_anomalies_fall_in_the_last_third_on_accounts_with_a_past(loaded):
    days = np.arange(np.datetime64(loaded.firm.first_day), np.datetime64(loaded.firm.last_day) + 1)
    days = days[np.is_busday(days)]
    assert days.size == 180
    for label in loaded.firm.labels:
        assert np.datetime64(label.first_day) >= days[120]
        opened = loaded.accounts.opened_at[label.account].date()
        assert np.busday_count(opened, label.first_day) >= 40
        assert label.last_day <= loaded.firm.last_day


def test_yesterday_has_some(loaded):
    yesterday = {label.kind for label in loaded.firm.labels if label.last_day == loaded.firm.last_day}
    assert yesterday == KINDS


def test_lots_explode_on_one_day(loaded):
    for label in labels(loaded, "lot_explosion"):
        usual, day = before(loaded, label), window(loaded, label)
        ratio = day.merge(usual.groupby("symbol").lots.median().rename("usual"), on="symbol")
        assert len(day) >= 3
        assert (ratio.lots / ratio.usual).max() >= 4


def test_small_wins_follow_each_other(loaded):
    for label in labels(loaded, "win_rate_jump"):
        usual, week = before(loaded, label), window(loaded, label)
        assert len(week) >= 15
        assert (week.net > 0).mean() > 0.8
        assert week.net[week.net > 0].mean() < usual.net[usual.net > 0].mean()


def test_size_doubles_through_a_losing_run(loaded):
    for label in labels(loaded, "martingale"):
        run = window(loaded, label)
        assert len(run) >= 6
        assert (run.lots.round(2).diff().iloc[1:] > 0).all()
        assert np.allclose((run.lots / run.lots.shift()).iloc[1:], 2)
        assert (run.net.iloc[:-1] < 0).all()
        assert run.net.iloc[-1] > 0
        assert (run.open_time.iloc[1:].to_numpy() > run.close_time.iloc[:-1].to_numpy()).all()


def test_pairs_trade_alike_within_seconds(loaded):
    pairs = labels(loaded, "copied_pair")
    assert {label.account for label in pairs} == {label.detail.split()[-1] for label in pairs}
    for label in pairs:
        other = next(a for a in pairs if a.account == label.detail.split()[-1])
        mine, theirs = (window(loaded, a).sort_values("open_time") for a in (label, other))
        assert len(mine) == len(theirs) >= 20
        near = pd.merge_asof(
            mine,
            theirs,
            on="open_time",
            by=["symbol", "side"],
            direction="nearest",
            tolerance=pd.Timedelta(seconds=6),
        )
        assert near.ticket_y.notna().all()
        assert ((near.lots_x - near.lots_y).abs() <= 0.12 * near.lots_x + 0.02).mean() > 0.9


def test_a_dead_feed_is_a_silence_of_an_active_account(loaded):
    for label in labels(loaded, "dead_feed"):
        assert np.busday_count(label.first_day, label.last_day) >= 6
        assert window(loaded, label).empty
        assert loaded.accounts.status[label.account] == "active"
        usual = before(loaded, label).close_time.dt.date
        opened = max(loaded.accounts.opened_at[label.account].date(), loaded.firm.first_day)
        assert usual.nunique() / np.busday_count(opened, label.first_day) > 0.5


@pytest.mark.parametrize("accounts", [60, 120])
def test_a_small_firm_still_has_two_of_each(tmp_path, accounts):
    for seed in range(4):
        firm = generate(tmp_path / str(seed), accounts=accounts, days=180, seed=seed)
        found = Counter(label.kind for label in firm.labels)
        assert all(found[kind] >= 2 for kind in KINDS)
