"""Every read of the HTTP API, and which calls are the seven reads of the report."""

import json
from collections.abc import Mapping
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

__all__ = ["REPORT", "reads"]

API = "/api/v1"
MOST_ACCOUNTS = 200
# What the report asks for, and the call that answers it.
REPORT: Mapping[str, str] = {
    "one account's daily metrics": "account: metrics",
    "30-day trade aggregation": "firm: days",
    "overview of 100 accounts": "accounts: 100 by risk",
    "symbol performance": "symbols: firm",
    "feature rows": "features: 100 rows",
    "cross-group analytics": "firm: groups",
    "real-time lookup": "account",
}


def reads(base: str, token: str | None) -> dict[str, list[str]]:
    """Paths of each read, by its name: those of one account for up to 200 accounts that trade.

    Args:
        base: of the server, which is asked for accounts, groups, symbols and an alert.
        token: sent along, where the server wants one.
    """
    accounts = _items(base, token, "/accounts", sort="risk", status="active", limit=MOST_ACCOUNTS)
    names = [quote(one["account"], safe="") for one in accounts]
    found = {
        "health": [f"{API}/health"],
        "freshness": [f"{API}/freshness"],
        "accounts: 100 by name": [f"{API}/accounts?limit=100"],
        "accounts: 100 by risk": [f"{API}/accounts?sort=risk&status=active&limit=100"],
        "firm: days": [f"{API}/firm/days?days=30"],
        **{f"firm: {part}": [f"{API}/firm/{part}"] for part in ("groups", "hours", "cohorts", "payouts")},
        "symbols: firm": [f"{API}/symbols"],
        "features: 100 rows": [f"{API}/features?limit=100"],
        "anomalies: newest 100": [f"{API}/anomalies?limit=100"],
        "alerts: unresolved, ranked": [f"{API}/alerts?state=unresolved&sort=rank&limit=100"],
        "mutes": [f"{API}/mutes"],
        "jobs": [f"{API}/jobs"],
        "jobs: history": [f"{API}/jobs/history?limit=100"],
        "jobs: doctor": [f"{API}/jobs/doctor"],
    }
    if names:
        found |= _of_accounts(names)
        found |= _foretold(base, token, [one["account"] for one in accounts])
    alerts = _items(base, token, "/alerts", state="unresolved", sort="rank", limit=50)
    if alerts:
        found["alert with proofs"] = [f"{API}/alerts/{one['alert_id']}" for one in alerts]
    return found


def _of_accounts(names: list[str]) -> dict[str, list[str]]:
    parts = {
        "account": "",
        "account: metrics": "/metrics?limit=30",
        "account: equity, all": "/equity?points=800",
        "account: trades, newest 100": "/trades?limit=100",
        "account: positions": "/positions",
        "account: expected days": "/expected",
        "account: outcomes": "/outcomes",
    }
    return {read: [f"{API}/accounts/{name}{part}" for name in names] for read, part in parts.items()} | {
        "symbols: account": [f"{API}/symbols?account={name}" for name in names]
    }


def _foretold(base: str, token: str | None, accounts: list[str]) -> dict[str, list[str]]:
    """Forecasts of those that have one: a young account has none, which is no error."""
    paths = [f"{API}/accounts/{quote(one, safe='')}/forecast" for one in accounts[:50]]
    having = [path for path in paths if _answer(base, path, token)]
    return {"account: forecast": having} if having else {}


def _items(base: str, token: str | None, path: str, **parameters: object) -> list[dict[str, str]]:
    answer = _answer(base, f"{API}{path}?{urlencode(parameters)}", token)
    return list(json.loads(answer)["items"])


def _answer(base: str, path: str, token: str | None) -> bytes:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urlopen(Request(base + path, headers=headers), timeout=60) as answer:
            return bytes(answer.read())
    except OSError as error:
        if getattr(error, "code", None) == 404:
            return b""
        raise
