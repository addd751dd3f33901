"""A real embedded database, and real receivers on loopback."""

import json
import shutil
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from timeseries.alerts._outbox import read_messages
from timeseries.alerts._routing import queue
from timeseries.config import AlertSettings, Settings
from timeseries.database import Database, embedded, open_database

FIRST_DAY = date(2024, 3, 4)
TABLES = (
    "deliveries, messages, mutes, alert_history, alerts, alarm_days, findings, scored_days, forecasts, "
    "daily_metrics, accounts, plans"
)


@dataclass(frozen=True)
class Firm:
    """Puts findings straight into the tables."""

    database: Database

    def clear(self) -> None:
        with self.database.transaction() as connection:
            connection.execute(text(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE"))

    def account(
        self, name: str, currency: str = "USD", status: str = "active", group: str | None = None
    ) -> None:
        self._run(
            """
            WITH plan AS (
                INSERT INTO plans (plan, currency, initial_balance) VALUES (:name, :currency, 10000000)
                RETURNING plan_id, currency
            )
            INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance,
                                  opened_at, status, account_group)
            SELECT :name, plan_id, currency, digits, 10000000, '2024-01-01', :status, :group
            FROM plan JOIN currencies USING (currency)
            """,
            name=name,
            currency=currency,
            status=status,
            group=group,
        )

    def anomaly(self, account: str, day: int = 0, severity: str = "warning", **columns: Any) -> None:
        values = {
            "kind": "anomaly",
            "metric": "net_profit",
            "direction": -1,
            "pvalue": 0.0003,
            "at_stake": 521_000,
            "reason": "Net profit was -5,210.00 USD on 2024-03-04; usually about 120.50 USD, "
            "and such a day comes once in about 3,300.",
        } | columns
        self._run(
            """
            INSERT INTO findings (kind, account_id, trading_day, since, subject, detector, pvalue, direction,
                                  seen, expected, at_stake, severity, reason)
            SELECT :kind, account_id, :day, :day, :metric, 'residual', :pvalue, :direction, -5210, 120.5,
                   :at_stake, :severity, :reason
            FROM accounts WHERE account = :account
            """,
            account=account,
            day=FIRST_DAY + timedelta(days=day),
            severity=severity,
            **values,
        )

    def alert(self, account: str, day: int = 0, severity: str = "warning", **columns: Any) -> int:
        """An alert without a word said of it; returns its number."""
        values = {"subject": "net_profit", "at_stake": 521_000} | columns
        self._run(
            """
            INSERT INTO alerts (fingerprint, kind, account_id, subject, subjects, first_day, trading_day,
                                severity, at_stake, title, body)
            SELECT 'incident:' || account || ':' || CAST(:day AS date), 'incident', account_id, :subject,
                   ARRAY [:subject], :day, :day, :severity, :at_stake, 'Account ' || account || ' is odd',
                   'It was seen on ' || CAST(:day AS date) || '.'
            FROM accounts WHERE account = :account
            """,
            account=account,
            day=FIRST_DAY + timedelta(days=day),
            severity=severity,
            **values,
        )
        return int(self.rows("SELECT max(alert_id) FROM alerts")[0][0])

    def tell(
        self, alert: int, settings: AlertSettings, kind: str = "raised", newest: date = FIRST_DAY
    ) -> int:
        """Write a message about an alert and queue it; returns its number."""
        with self.database.transaction() as connection:
            number = connection.scalar(
                text(
                    """
                    INSERT INTO messages (fingerprint, alert_id, kind, trading_day, severity, title, body)
                    SELECT concat_ws(':', fingerprint,
                                     nullif((SELECT count(*) FROM messages WHERE alert_id = :alert) + 1, 1)),
                           alert_id, :kind, trading_day, severity, title, body
                    FROM alerts WHERE alert_id = :alert
                    RETURNING message_id
                    """
                ),
                {"alert": alert, "kind": kind},
            )
            queue(connection, read_messages(connection, [number]), settings, newest)
        return int(number)

    def forecast(self, account: str, day: int, breach: float | None, horizon: int = 14) -> None:
        self._run(
            """
            INSERT INTO forecasts (origin, account_id, horizon, model, model_version, quantile_levels, mean,
                                   quantiles, total_quantiles, daily_loss_breach, max_drawdown_breach,
                                   any_breach)
            SELECT :origin, account_id, :horizon, 'auto', '1', '{0.025,0.5,0.975}',
                   array_fill(-100.0, ARRAY [:horizon]),
                   array_fill(0.0, ARRAY [:horizon, 3]), array_fill(0.0, ARRAY [:horizon - 1, 3])
                   || ARRAY [-4000.5, -1400, 900]::double precision[], 0.25, :breach, :breach
            FROM accounts WHERE account = :account
            """,
            account=account,
            origin=FIRST_DAY + timedelta(days=day),
            horizon=horizon,
            breach=breach,
        )

    def day(self, account: str, day: int, net_profit: int, max_drawdown_left: int) -> None:
        self._run(
            """
            INSERT INTO daily_metrics (trading_day, account_id, trades, wins, losses, gross_profit,
                                       gross_loss, commission, swap, lots, largest_lots, seconds_held,
                                       balance_operations, closed_low, closed_high, snapshots,
                                       max_drawdown_left)
            SELECT :day, account_id, 1, 0, 1, 0, :net_profit, 0, 0, 100000, 100000, 60, 0, 0, 0, 0, :left
            FROM accounts WHERE account = :account
            """,
            account=account,
            day=FIRST_DAY + timedelta(days=day),
            net_profit=net_profit,
            left=max_drawdown_left,
        )

    def rows(self, query: str) -> list[Any]:
        with self.database.transaction() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def _run(self, sql: str, **parameters: Any) -> None:
        with self.database.transaction() as connection:
            assert connection.execute(text(sql), parameters).rowcount == 1


@dataclass
class Webhook:
    """An HTTP server that keeps what it got.

    ``script`` says how to answer: a status; SILENT: not at all; LATE: with 200, after ``ended`` is set.
    ``echo`` is what every answer says.
    """

    SILENT: ClassVar[int] = 0
    LATE: ClassVar[int] = 1

    url: str = ""
    echo: str = ""
    script: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    requests: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def keys(self) -> list[str]:
        return [headers["Idempotency-Key"] for headers, _ in self.requests]

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        status = self.script.pop(0) if self.script else 200
        self.paths.append(handler.path)
        self.bodies.append(body)
        self.requests.append((dict(handler.headers.items()), json.loads(body or "{}")))
        self.arrived.release()
        if status in (self.SILENT, self.LATE):
            self.ended.wait(20)
        if status == self.SILENT:
            return
        handler.send_response(200 if status == self.LATE else status, self.echo or None)
        if status == 302:
            handler.send_header("Location", self.url)
        handler.send_header("Content-Length", str(len(self.echo)))
        handler.end_headers()
        handler.wfile.write(self.echo.encode())


@dataclass
class Mailbox:
    """An SMTP server that keeps the messages it got, and refuses the next one when told so."""

    port: int = 0
    refuse: bool = False
    messages: list[str] = field(default_factory=list)

    def talk(self, handler: socketserver.StreamRequestHandler) -> None:
        handler.wfile.write(b"220 ready\r\n")
        while line := handler.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                handler.wfile.write(b"354 go on\r\n")
                self.messages.append(b"".join(iter(handler.rfile.readline, b".\r\n")).decode())
            refused = self.refuse and verb == b"RCPT"
            handler.wfile.write(b"550 no such person\r\n" if refused else b"250 fine\r\n")
            if verb == b"QUIT":
                return


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, database_template: Path) -> Iterator[Settings]:
    directory = tmp_path_factory.mktemp("alerts") / "data"
    shutil.copytree(database_template, directory)
    yield Settings(data_dir=directory)
    embedded.stop(directory)


@pytest.fixture(scope="session")
def database(settings: Settings) -> Iterator[Database]:
    found = open_database(settings)
    yield found
    found.close()


@pytest.fixture
def firm(database: Database) -> Firm:
    firm = Firm(database)
    firm.clear()
    return firm


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.take(self)

        def do_GET(self) -> None:
            hook.take(self)

        def log_message(self, *_args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"http://127.0.0.1:{server.server_port}/hooks/s3cr3t-token?key=hunter22"
    with _serving(server):
        yield hook
        hook.ended.set()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            box.talk(self)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    box.port = server.server_address[1]
    with _serving(server):
        yield box


class _serving:  # noqa: N801 - a context manager
    def __init__(self, server: socketserver.TCPServer) -> None:
        self.server = server
        self.thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
