"""Trades with the prices and money that stand in the files."""

from dataclasses import dataclass

import numpy as np

from . import _symbols as symbols
from ._arrays import Bools, Floats, Ints, account_time_key
from ._calendar import Calendar
from ._columns import Columns
from ._market import Market
from ._trades import Trades

_STOP_SHARE = 0.6
_TARGET_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Deals(Columns):
    """Integer columns: epoch seconds, hundredths of a lot, prices in points, money in cents.

    ``stop`` and ``target`` are points, 0 where the trade has none.
    """

    account: Ints
    symbol: Ints
    buy: Bools
    opened: Ints
    closed: Ints
    lots: Ints
    risk: Floats
    open_price: Ints
    close_price: Ints
    stop: Ints
    target: Ints
    commission: Ints
    swap: Ints
    profit: Ints

    @property
    def net(self) -> Ints:
        """Result after costs, cents."""
        return self.profit + self.commission + self.swap

    @property
    def close_key(self) -> Ints:
        """Sortable by account, then closing time."""
        return account_time_key(self.account, self.closed)

    def profit_of(self, accounts: int) -> Ints:
        """Total result after costs of each of so many accounts, cents."""
        total = np.zeros(accounts, np.int64)
        np.add.at(total, self.account, self.net)
        return total


def _exits(
    rng: np.random.Generator, opening: Ints, gain: Ints, direction: Ints, usual: Floats
) -> tuple[Ints, Ints]:
    """Stop and target prices, never nearer than where the trade went."""
    far_stop = np.maximum(1.5 * usual, -gain).astype(np.int64)
    far_target = np.maximum(2.0 * usual, gain).astype(np.int64)
    stop, target = opening - direction * far_stop, opening + direction * far_target
    drawn = rng.random((2, gain.size))
    return np.where(drawn[0] < _STOP_SHARE, stop, 0), np.where(drawn[1] < _TARGET_SHARE, target, 0)


def price_trades(rng: np.random.Generator, trades: Trades, market: Market, calendar: Calendar) -> Deals:
    """Find the closing price that gives each trade its result, then account for it to the cent.

    Profit is lots x contract x move in points, converted to USD at the close and rounded to cents.
    """
    symbol, lots = trades.symbol, trades.lots
    commission = -symbols.COMMISSION_PER_LOT[symbol] * lots
    nights = calendar.nights(trades.opened, trades.closed)
    swap = np.rint(symbols.SWAPS[symbol, trades.buy.astype(np.int64)] * lots * nights / 100).astype(np.int64)
    scale = 10.0 ** symbols.DECIMALS[symbol]
    cents_a_point = lots * symbols.CONTRACT[symbol] / scale * market.quote_rate(symbol, trades.closed)
    opening = np.rint(market.price(symbol, trades.opened) * scale).astype(np.int64)
    # The model's result is after costs, so the move pays for them too.
    gain = np.rint((trades.net * 100 - commission - swap) / cents_a_point)
    # A price must stay positive even at the far end of the t distribution.
    gain = np.clip(gain, -0.5 * opening, 0.5 * opening).astype(np.int64)
    direction = np.where(trades.buy, 1, -1)
    stop, target = _exits(rng, opening, gain, direction, symbols.USUAL_MOVE[symbol] * scale)
    return Deals(
        account=trades.account,
        symbol=symbol,
        buy=trades.buy,
        opened=trades.opened,
        closed=trades.closed,
        lots=lots,
        risk=trades.risk,
        open_price=opening,
        close_price=opening + direction * gain,
        stop=stop,
        target=target,
        commission=commission,
        swap=swap,
        profit=np.rint(gain * cents_a_point).astype(np.int64),
    )
