import numpy as np
import pandas as pd


def with_plan(loaded) -> pd.DataFrame:
    return loaded.equity.join(loaded.accounts, on="account")


def test_balance_is_the_initial_balance_plus_everything_closed_by_then(loaded):
    trades = loaded.trades[["account", "close_time", "net"]].rename(columns={"close_time": "time"})
    both = pd.concat([trades.assign(kind=0), loaded.equity.assign(kind=1, net=0.0)])
    both = both.sort_values(["account", "time", "kind"])
    both["total"] = (both.net * 100).round().groupby(both.account).cumsum()
    rows = both[both.kind == 1]
    initial = rows.account.map(loaded.accounts.initial_balance)
    assert ((rows.balance * 100).round() == initial * 100 + rows.total).all()


def test_a_snapshot_is_unique_and_stands_at_every_close(loaded):
    assert not loaded.equity.duplicated(["account", "time"]).any()
    silent = {a.account for a in loaded.firm.labels if a.kind == "dead_feed"}
    trades = loaded.trades[~loaded.trades.account.isin(silent)]
    keys = pd.MultiIndex.from_frame(loaded.equity[["account", "time"]])
    assert pd.MultiIndex.from_frame(trades[["account", "close_time"]]).isin(keys).all()


def test_open_positions_are_seen_every_half_hour(loaded, new_york):
    keys = set(zip(loaded.equity.account, loaded.equity.time, strict=True))
    open_then = loaded.trades[
        (loaded.trades.close_time - loaded.trades.open_time).between(
            pd.Timedelta(hours=1), pd.Timedelta(hours=6)
        )
    ].head(300)
    for trade in open_then.itertuples():
        first = (trade.open_time + pd.Timedelta(seconds=1)).ceil("30min")
        assert (trade.account, first) in keys


def test_every_live_account_has_a_snapshot_at_its_reset(loaded):
    silent = {a.account for a in loaded.firm.labels if a.kind == "dead_feed"}
    for (clock, zone), accounts in loaded.accounts.groupby(["reset_time", "time_zone"]):
        living = accounts[(accounts.status == "active") & ~accounts.index.isin(silent)]
        days = pd.date_range("2026-03-01", "2026-04-05", tz=zone)
        resets = (days.normalize().tz_localize(None) + pd.Timedelta(f"{clock}:00")).tz_localize(zone)
        times = loaded.equity[loaded.equity.account.isin(living.index)].groupby("account").time
        for account, seen in times:
            wanted = resets[resets > living.opened_at[account]]
            assert wanted.isin(seen).all()


def breaches(loaded) -> pd.Series:
    """Largest use of a limit at each snapshot, one account after the other."""
    rows = with_plan(loaded)
    use = pd.Series(0.0, rows.index)
    for account, part in rows.groupby("account"):
        plan = loaded.accounts.loc[account]
        daily, drawdown = part[plan.daily_loss_basis].to_numpy(), part[plan.max_drawdown_basis].to_numpy()
        local = part.time.dt.tz_convert(plan.time_zone)
        shift = pd.Timedelta(hours=7 if plan.reset_time == "17:00" else 24)
        # A snapshot at the very reset still belongs to the day that ends.
        wall = local.dt.tz_localize(None) - pd.Timedelta(seconds=1)
        day = (wall + shift).dt.normalize().to_numpy()
        ends = np.flatnonzero(day[1:] != day[:-1]) + 1
        begin = np.concatenate([[plan.initial_balance], daily[ends - 1]])
        start = begin[np.searchsorted(ends, np.arange(day.size), "right")]
        peak = np.maximum(np.maximum.accumulate(drawdown), plan.initial_balance)
        base = peak if plan.max_drawdown_mode == "trailing" else plan.initial_balance
        nearer = np.maximum((start - daily) / plan.daily_loss, (base - drawdown) / plan.max_drawdown)
        use.loc[part.index] = nearer
    return use


def test_accounts_end_at_their_first_breach_and_only_then(loaded):
    rows = with_plan(loaded).assign(use=breaches(loaded))
    worst = rows.groupby("account").use.max()
    ended = loaded.accounts.status == "breached"
    assert (worst[~ended[worst.index]] < 1).all()
    assert (worst[ended[worst.index]] > 1 - 1e-9).all()
    first = rows[rows.use > 1 - 1e-9].groupby("account").time.min()
    closed = loaded.accounts.closed_at.reindex(first.index)
    gap = closed - first
    assert (gap >= pd.Timedelta(0)).all()
    assert (gap > pd.Timedelta(seconds=1)).mean() < 0.01
    last = loaded.equity.groupby("account").tail(1).set_index("account")
    assert (last.equity == last.balance)[ended[ended].index].all()
    assert loaded.accounts.closed_at.isna().equals(~ended)


def test_positions_float_below_and_above_the_balance(loaded):
    floating = loaded.equity.equity - loaded.equity.balance
    moving = floating[loaded.equity.margin > 0]
    assert 0.3 < (moving > 0).mean() < 0.7
    assert (floating[loaded.equity.margin == 0] == 0).all()


def test_the_density_leaves_room_for_two_thousand_accounts(loaded):
    assert len(loaded.equity) * 4 < 2_500_000
