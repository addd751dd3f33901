"""A backtest of forecasts as one HTML file that needs nothing from elsewhere."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from timeseries.errors import InputError
from timeseries.terminal._backtest_plots import forecast_plots
from timeseries.terminal._backtest_tables import (
    ReportTable,
    forecast_tables,
    forecast_verdict,
    reliability_table,
)

if TYPE_CHECKING:
    from timeseries.pipeline import ForecastBacktest

__all__ = ["save_forecast_backtest"]

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2733 }
body { max-width: 1100px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.1em; margin-top: 2em }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { padding: .25em .7em; text-align: right; border-bottom: 1px solid #e3e7eb; white-space: nowrap }
th { border-bottom-color: #8a97a5 } .left { text-align: left } .wide { overflow-x: auto }
.verdict { font-size: 1.1em } img { max-width: 100% } dt { font-weight: 600 }
"""
NOTES = {
    "CRPS": "how far a whole probability forecast was from what came, in units of each account's own past "
    "mean absolute move, so that no large account decides alone; the tables give its sum as a share of "
    "naive's: of the next day, of all days, and of the total over them (Σ).",
    "naive": "every coming day is normal, with the mean and deviation of the past.",
    "±": "a standard error, from the differences between origins; twice as much is noise.",
    "2.5 % and 97.5 % tail": "pinball loss of these quantiles of single days, as a share of naive's.",
    "MASE": "absolute error of the mean over the mean absolute error of the naive forecast within the past.",
    "80 %, 95 %": "shares of days and of totals (Σ) within the intervals. Idle days lie in atoms of the "
    "forecast, so accounts that often rest are covered more often than promised.",
    "Brier skill": "1 - mean squared miss of the probability over that of the cohort's base rate as it was "
    "known at the origin; hindsight skill is against the share that came in the end, which nobody knew.",
    "gap": "distance of predicted and realised shares in the bins of the reliability curve, in points; the "
    "largest is of bins with 50 cases or more.",
}


def save_forecast_backtest(path: Path, report: "ForecastBacktest") -> None:
    """Write the report: verdict, tables and plots.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        path.write_text(page(report), encoding="utf-8")
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror}.") from error


def page(report: "ForecastBacktest") -> str:
    """The whole file."""
    proof = report.proof
    tables = forecast_tables(report)
    curves = reliability_table(report, [risk for model, risk in proof.cases if model == proof.models[0]])
    if curves.rows:
        tables.append(curves)
    tables += forecast_tables(report, "cohort")
    days = ", ".join(str(day) for day in report.origins)
    plots = forecast_plots(report).items()
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f"<title>Backtest of forecasts</title><style>{STYLE}</style></head><body>",
            "<h1>Backtest of forecasts</h1>",
            f'<p class="verdict">{escape(forecast_verdict(report))}</p>',
            f"<p>{report.accounts:,} accounts, forecast {proof.horizon} weekdays ahead with what was known "
            f"at the end of {days}, and compared with what came until {report.until}.</p>",
            table_html(tables[0]),
            *(f'<h2>{escape(title)}</h2><img alt="{escape(title)}" src="{image}">' for title, image in plots),
            *(table_html(table) for table in tables[1:]),
            "<h2>How to read this</h2><dl>",
            *(f"<dt>{escape(term)}</dt><dd>{escape(note)}</dd>" for term, note in NOTES.items()),
            "</dl></body></html>\n",
        ]
    )


def table_html(table: ReportTable) -> str:
    """One table."""

    def line(tag: str, cells: tuple[str, ...]) -> str:
        kinds = (' class="left"' if name in table.left else "" for name in table.columns)
        inner = "".join(
            f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)
        )
        return f"<tr>{inner}</tr>"

    body = "\n".join(line("td", row) for row in table.rows)
    return (
        f'<h2>{escape(table.title)}</h2><div class="wide"><table><thead>{line("th", table.columns)}</thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )
