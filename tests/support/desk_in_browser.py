"""A small firm for the browser's tests, and a way to put an alert before its people."""

import re
from datetime import date

from playwright.sync_api import Page, expect
from sqlalchemy import text
from web_server import UNLIMITED

from timeseries.alerts import Alert, list_alerts, raise_alerts
from timeseries.database import Database
from timeseries.metrics import known_day

HOSTILE = "<img src=x onerror=alert(1)>"
FINDING = text(
    """
    INSERT INTO findings (kind, account_id, trading_day, since, subject, detector, pvalue, direction,
                          severity, at_stake, reason, evidence)
    SELECT 'anomaly', account_id, :day, :day, 'win_rate', 'residual', 0.0002, 1, :severity, 123456, :reason,
           '{"note": "<b>bold</b>"}'
    FROM accounts WHERE account = :account ON CONFLICT DO NOTHING
    """
)
SCORED = text("INSERT INTO scored_days (kind, trading_day) VALUES ('anomaly', :day) ON CONFLICT DO NOTHING")
BUSY = text(
    "SELECT account FROM accounts JOIN forecasts USING (account_id) "
    "GROUP BY account ORDER BY count(*) DESC, account"
)
QUIET = text(
    "SELECT account FROM accounts a "
    "WHERE NOT EXISTS (SELECT FROM findings f WHERE f.account_id = a.account_id)"
)
ENDED = text(
    "SELECT account FROM accounts a WHERE status = 'breached' "
    "AND NOT EXISTS (SELECT FROM forecasts f WHERE f.account_id = a.account_id)"
)
DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Firm:
    """A small firm, and a way to put an alert before its people."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.day: date = known_day(database)
        with database.transaction() as connection:
            self.busy, hostile = list(connection.scalars(BUSY))[:2]
            connection.execute(SCORED, {"day": self.day})
            connection.execute(
                text("UPDATE accounts SET account = :hostile WHERE account = :account"),
                {"hostile": HOSTILE, "account": hostile},
            )
            quiet = set(connection.scalars(QUIET)) - {self.busy, HOSTILE}
        self._quiet = iter(sorted(quiet))
        self.alert(self.busy)

    def alert(self, account: str | None = None, severity: str = "critical") -> Alert:
        """A new alert, of an account that had none of these yet."""
        name = account or next(self._quiet)
        values = {
            "account": name,
            "severity": severity,
            "reason": f"Wins of {name} are odd.",
            "day": self.day,
        }
        with self.database.transaction() as connection:
            connection.execute(FINDING, values)
            raise_alerts(connection, UNLIMITED.alerts)
        return max(list_alerts(self.database, account=name), key=lambda one: one.alert_id)

    def alerts(self) -> list[Alert]:
        """Those that need somebody."""
        return [one for one in list_alerts(self.database) if one.state != "resolved"]

    def read(self, alert: Alert) -> Alert:
        found = list_alerts(self.database, account=alert.account)
        return next(one for one in found if one.alert_id == alert.alert_id)


def row(page: Page, alert: Alert):
    return page.locator(f".alerts li[data-alert='{alert.alert_id}']")


def open_alert(page: Page, alert: Alert) -> None:
    page.goto(f"/?account={alert.account}")
    row(page, alert).locator(".open").click()
    expect(page.locator("#evidence h2")).to_have_text(alert.title)
