"""The input of the benchmarks: one large file of demo trades."""

from pathlib import Path
from tempfile import TemporaryDirectory

from timeseries.demo import TradeFiles, generate_trades

__all__ = ["TradeFiles", "write_trades"]

PILOT_ACCOUNTS = 2000


def write_trades(
    directory: Path,
    *,
    trades: int | None = None,
    accounts: int | None = None,
    days: int = 180,
    seed: int = 7,
) -> TradeFiles:
    """Write plans.csv, accounts.csv and trades.csv of a demo firm without equity into ``directory``.

    Args:
        directory: made if missing.
        trades: about so many trades; a small firm drawn first says how many accounts make them.
        accounts: so many accounts, instead of ``trades``.
        days: weekdays of history.
        seed: the same arguments give the same bytes.

    Raises:
        ValueError: neither or both of ``trades`` and ``accounts`` are given.
        InputError: fewer than one account or day.
    """
    if (trades is None) == (accounts is None):
        raise ValueError("Give either the number of trades or that of accounts.")
    if trades is not None:
        accounts = max(1, round(trades / _trades_per_account(days, seed)))
    assert accounts is not None
    return generate_trades(directory, accounts=accounts, days=days, seed=seed)


def _trades_per_account(days: int, seed: int) -> float:
    with TemporaryDirectory() as directory:
        pilot = generate_trades(Path(directory), accounts=PILOT_ACCOUNTS, days=days, seed=seed)
    return pilot.distinct_trades / PILOT_ACCOUNTS
