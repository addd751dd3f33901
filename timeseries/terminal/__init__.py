"""What people see at the terminal: tables, sparklines, fans, progress, and plots as files."""

from timeseries.terminal._backtest_report import save_forecast_backtest
from timeseries.terminal._backtest_tables import forecast_tables, forecast_verdict, reliability_table
from timeseries.terminal._charts import fan, sparkline
from timeseries.terminal._console import console, errors, render_table, say
from timeseries.terminal._coverage_plot import save_coverage_plot
from timeseries.terminal._plots import save_forecast_plot
from timeseries.terminal._progress import Bars
from timeseries.terminal._words import amount, megabytes, percent, when

__all__ = [
    "Bars",
    "amount",
    "console",
    "errors",
    "fan",
    "forecast_tables",
    "forecast_verdict",
    "megabytes",
    "percent",
    "reliability_table",
    "render_table",
    "save_coverage_plot",
    "save_forecast_backtest",
    "save_forecast_plot",
    "say",
    "sparkline",
    "when",
]
