"""The web application on a real port, and a small firm for it to show."""

import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from timeseries.alerts import raise_alerts
from timeseries.config import Settings, WebSettings
from timeseries.database import Database
from timeseries.demo import generate
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_metrics
from timeseries.pipeline import apply_rules, forecast_all
from timeseries.web import create_app

API = "/api/v1"
UNLIMITED = Settings(web=WebSettings(requests_per_minute=0, pool=4))


def make_firm(database: Database, directory: Path) -> None:
    """Sixteen accounts with metrics, forecasts, findings and alerts."""
    for kind, paths in generate(directory, accounts=16, days=60, seed=5).files.items():
        for path in paths:
            load(database, Kind(kind), path)
    refresh_metrics(database)
    forecast_all(database, horizon=14)
    apply_rules(database, UNLIMITED)
    with database.transaction() as connection:
        raise_alerts(connection, UNLIMITED.alerts)


@contextmanager
def serving(database: Database, settings: Settings = UNLIMITED, **options):
    """A client of a server in a thread, without a token."""
    app = create_app(database, settings, **{"open_access": False, **options})
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = listener.getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}{API}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
