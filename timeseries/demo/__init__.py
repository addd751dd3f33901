"""A synthetic prop-trading firm, written as the files a firm would send.

Nothing in it is real: accounts, trades, prices and anomalies are drawn from a seeded model shaped like the
field. The files go through the same ingest as production data.
"""

from ._counts import Counts
from ._firm import DemoFirm
from ._generate import generate
from ._label import Label
from ._trade_files import TradeFiles, generate_trades

__all__ = ["Counts", "DemoFirm", "Label", "TradeFiles", "generate", "generate_trades"]
