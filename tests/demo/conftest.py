from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from timeseries.demo import DemoFirm, generate


class Loaded:
    """A generated firm read back the plain way, with pandas."""

    def __init__(self, firm: DemoFirm) -> None:
        self.firm = firm
        self.plans = pd.read_csv(firm.plans[0])
        accounts = pd.read_csv(firm.accounts[0], parse_dates=["opened_at", "closed_at"])
        rules = self.plans.drop(columns=["currency", "initial_balance"])
        self.accounts = accounts.merge(rules, on="plan").set_index("account")
        self.rows = pd.concat([_trades(path).assign(file=path.name) for path in firm.trades])
        self.rows = self.rows.reset_index(drop=True)
        good = self.rows[self._well_formed(self.rows)]
        self.trades = good.drop_duplicates(["account", "ticket"]).drop(columns="file")
        self.trades = self.trades.astype(
            dict.fromkeys(("lots", "open_price", "close_price", "profit", "commission", "swap"), float)
        )
        for name in ("open_time", "close_time"):
            self.trades[name] = pd.to_datetime(self.trades[name], utc=True)
        self.trades["net"] = self.trades.profit + self.trades.commission + self.trades.swap
        self.trades = self.trades.sort_values(["account", "close_time", "ticket"]).reset_index(drop=True)
        equity = pd.concat([pd.read_parquet(path) for path in firm.equity])
        self.equity = equity.sort_values(["account", "time"]).reset_index(drop=True)

    def _well_formed(self, rows: pd.DataFrame) -> pd.Series:
        number = pd.to_numeric
        return (
            rows.account.isin(self.accounts.index)
            & rows.symbol.notna()
            & (number(rows.lots, errors="coerce") > 0)
            & number(rows.profit, errors="coerce").notna()
            & number(rows.open_price, errors="coerce").notna()
            & (
                pd.to_datetime(rows.open_time, errors="coerce", utc=True)
                < pd.to_datetime(rows.close_time, errors="coerce", utc=True)
            )
        )


def _trades(path: Path) -> pd.DataFrame:
    """Every value as the text that stands in the file."""
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        for name in ("open_time", "close_time"):
            frame[name] = frame[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        return frame.astype(object)
    return pd.read_csv(path, dtype={"open_price": str, "open_time": str, "close_time": str}).astype(object)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return Loaded(generate(tmp_path_factory.mktemp("firm"), accounts=500, days=180, seed=11))


@pytest.fixture(scope="session")
def new_york() -> ZoneInfo:
    return ZoneInfo("America/New_York")
