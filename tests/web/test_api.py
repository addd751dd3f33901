"""The interface over a real firm: who may what, lists page by page, actions, events, and its own document."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from sqlalchemy import text
from web_server import API, UNLIMITED, bearer, make_firm, serving

from jobs.api import jobs_router
from timeseries import reads
from timeseries.access import create_token, revoke_token
from timeseries.alerts import acknowledge, label, list_alerts, list_mutes, show_alert
from timeseries.database import Database
from timeseries.web import create_app

FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
READS = (
    "freshness",
    "accounts",
    "anomalies",
    "alerts",
    "mutes",
    "symbols",
    "features",
    "firm/days",
    "firm/groups",
    "firm/hours",
    "firm/cohorts",
    "firm/payouts",
    "jobs",
    "jobs/history",
    "jobs/doctor",
)
OF_ACCOUNT = ("", "/metrics", "/equity", "/trades", "/positions", "/expected", "/outcomes")
CSRF = "timeseries_csrf"
TICKETS_OF_DAYS = text(
    """
    SELECT ticket
    FROM trades JOIN accounts USING (account_id) JOIN plans USING (plan_id)
    WHERE account = :account
      AND trading_day_of(close_time, reset_time, time_zone) BETWEEN :first AND :last
    ORDER BY close_time DESC, ticket DESC
    LIMIT 50
    """
)
# A document says neither which accounts there are nor that an empty list of values is not sent at all.
UNDECIDABLE = [positive_data_acceptance, negative_data_rejection]


@pytest.fixture(scope="module")
def firm(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    make_firm(database, tmp_path_factory.mktemp("firm"))
    return database


@pytest.fixture(scope="module")
def secrets(firm: Database) -> dict[str, str]:
    """A secret for each scope, one for one group, and one for everything."""
    group = reads.overview(firm).accounts[0].account_group
    made = {name: create_token(firm, name, scopes=[name]) for name in ("read", "act", "ingest")}
    made["all"] = create_token(firm, "all", scopes=["read", "act", "ingest"])
    made["group"] = create_token(firm, "group", scopes=["read", "act", "ingest"], groups=[group])
    return {name: one.token for name, one in made.items()}


@pytest.fixture(scope="module")
def closed(firm: Database) -> Iterator[httpx.Client]:
    """A client without a token, of a server that wants one."""
    with serving(firm, routers=[jobs_router]) as client:
        yield client


@pytest.fixture(scope="module")
def client(closed: httpx.Client, secrets: dict[str, str]) -> Iterator[httpx.Client]:
    """The same with a token for everything."""
    with httpx.Client(base_url=closed.base_url, headers=bearer(secrets["all"]), timeout=30) as one:
        yield one


@pytest.fixture
def account(firm: Database) -> str:
    return next(one.account for one in reads.overview(firm).accounts if one.status == "active")


def pages(client: httpx.Client, path: str, **wanted) -> list[dict]:
    """All items of a list, read page by page."""
    items, cursor = [], None
    while True:
        page = client.get(path, params={**wanted, **({"cursor": cursor} if cursor else {})}).json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items
        assert len(page["items"]) == wanted["limit"]


# ---- who may what


def test_without_a_token_there_is_nothing_but_the_pages_and_the_health(closed: httpx.Client, account: str):
    for path in (*READS, *(f"accounts/{account}{one}" for one in OF_ACCOUNT), "session", "alerts/stream"):
        answer = closed.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert closed.get("health").json()["status"] == "ok"


@pytest.mark.parametrize("path", READS)
def test_every_read_answers(client: httpx.Client, path: str):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", [*OF_ACCOUNT, "/forecast"])
def test_every_read_of_an_account_answers(client: httpx.Client, firm: Database, account: str, path: str):
    answer = client.get(f"accounts/{account}{path}")
    known = path != "/forecast" or reads.account_forecast(firm, account) is not None
    assert answer.status_code == (200 if known else 404)
    assert client.get(f"accounts/nobody{path}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "accounts", "read"),
        ("GET", "alerts/stream", "read"),
        ("POST", "alerts/1/acknowledge", "act"),
        ("POST", "mutes", "act"),
        ("POST", "trades", "ingest"),
    ],
)
def test_a_scope_opens_what_it_says_and_nothing_else(closed: httpx.Client, secrets, method, path, scope):
    for other in {"read", "act", "ingest"} - {scope}:
        answer = closed.request(method, path, headers=bearer(secrets[other]), json={})
        assert answer.status_code == 403
        assert scope in answer.json()["detail"]
    if method == "POST":
        assert closed.post(path, headers=bearer(secrets[scope]), json={"note": 1}).status_code == 422


def test_a_token_for_a_group_sees_that_group_alone(closed: httpx.Client, client, secrets, firm: Database):
    accounts = pages(client, "accounts", limit=100)
    group = accounts[0]["account_group"]
    own = {one["account"] for one in accounts if one["account_group"] == group}
    foreign = next(one["account"] for one in accounts if one["account_group"] != group)
    with httpx.Client(base_url=closed.base_url, headers=bearer(secrets["group"])) as scoped:
        assert {one["account"] for one in pages(scoped, "accounts", limit=100)} == own
        for path in (*OF_ACCOUNT, "/forecast"):
            assert scoped.get(f"accounts/{foreign}{path}").status_code == 404
        assert {one["account"] for one in pages(scoped, "features", limit=5)} <= own
        refused = scoped.get("jobs")
        assert (refused.status_code, "whole firm" in refused.json()["detail"]) == (403, True)
        assert {one["account"] for one in pages(scoped, "alerts", limit=5)} <= own
        assert {one["account"] for one in pages(scoped, "anomalies", limit=5)} <= own
        hidden = next(one for one in list_alerts(firm) if one.account not in own)
        assert scoped.post(f"alerts/{hidden.alert_id}/acknowledge").status_code == 404
        assert scoped.post("mutes", json={"subject": "copied", "since": "2026-01-01"}).status_code == 403
        assert scoped.post("mutes", json={"account": foreign, "since": "2026-01-01"}).status_code == 404
        for other in (
            "no such group",
            next(one["account_group"] for one in accounts if one["account"] == foreign),
        ):
            wider = {"account": min(own), "group": other, "since": "2026-01-01"}
            assert scoped.post("mutes", json=wider).status_code == 403
        batch = [trade(foreign, 1), trade(min(own), 2), trade(min(own), 3, symbol="NEW")]
        sent = scoped.post("trades", json={"trades": batch}).json()
        assert scoped.get("freshness").json()["pending"] == []
    assert reads.freshness(firm).pending
    assert [one["verdict"] for one in sent["verdicts"]] == ["rejected", "new", "rejected"]
    assert [one["field"] for one in sent["verdicts"]] == ["account", None, "symbol"]
    assert show_alert(firm, hidden.alert_id).alert.state == "open"


def test_a_token_that_expired_or_was_revoked_opens_nothing(closed: httpx.Client, firm: Database):
    brief = create_token(firm, "brief", scopes=["read"], expires=timedelta(seconds=1.5)).token
    gone = create_token(firm, "gone", scopes=["read"]).token
    for secret, name in ((brief, "brief"), (gone, "gone")):
        assert closed.get("session", headers=bearer(secret)).json()["name"] == name
    revoke_token(firm, "gone")
    time.sleep(1.6)
    assert closed.get("session", headers=bearer(brief)).status_code == 401
    time.sleep(1.6)  # a token is remembered for three seconds
    assert closed.get("session", headers=bearer(gone)).status_code == 401
    assert closed.get("session", headers={"Authorization": "Basic YTpi"}).status_code == 401


def test_who_may_act_and_not_read_is_shown_no_more_than_that_it_was_done(closed: httpx.Client, secrets, firm):
    alert = list_alerts(firm, state="open")[-1].alert_id
    answer = closed.post(f"alerts/{alert}/acknowledge", headers=bearer(secrets["act"])).json()
    assert (answer["alert_id"], answer["acknowledged_by"]) == (alert, "act")
    assert not {"title", "body", "proofs", "trades", "at_stake", "account"} & set(answer)


def test_of_a_stranger_no_body_is_read(closed: httpx.Client, secrets):
    """Only the head is sent, and answered."""
    for authorization, status in (("", b"401"), (f"Authorization: Bearer {secrets['read']}\r\n", b"403")):
        with socket.create_connection((closed.base_url.host, closed.base_url.port), timeout=10) as sender:
            head = f"POST {API}/trades HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n{authorization}\r\n"
            sender.sendall(head.encode())
            assert sender.recv(4096).split(b" ")[1] == status


# ---- browsers


def test_a_browser_logs_in_acts_with_the_csrf_header_and_logs_out(closed: httpx.Client, secrets, firm):
    alert = list_alerts(firm)[0].alert_id
    with httpx.Client(base_url=closed.base_url) as browser:
        assert browser.post("session", json={"token": "tse_wrong"}).status_code == 401
        answer = browser.post("session", json={"token": secrets["all"]})
        assert answer.json() == {"name": "all", "scopes": ["act", "ingest", "read"], "groups": None}
        (cookie,) = [one for one in answer.headers.get_list("set-cookie") if "timeseries_session" in one]
        assert {"HttpOnly", "SameSite=strict", "Secure"} <= {part.strip() for part in cookie.split(";")}
        cookies = {name: browser.cookies.get(name) for name in (CSRF, "timeseries_session")}
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        path = f"alerts/{alert}/acknowledge"
        assert browser.get("session", headers=sent).status_code == 200
        assert browser.post(path, headers=sent).status_code == 403
        assert browser.post(path, headers={**sent, "X-CSRF-Token": "x" * 43}).status_code == 403
        acted = browser.post(path, headers={**sent, "X-CSRF-Token": cookies[CSRF]})
        assert (acted.status_code, acted.json()["acknowledged_by"]) == (200, "all")
        out = browser.delete("session", headers=sent)
    assert 'timeseries_session=""' in out.headers["set-cookie"]


def test_on_the_loopback_interface_reads_are_open_and_actions_need_the_csrf_header(firm: Database):
    with serving(firm, open_access=True, name="ada") as browser:
        assert browser.get("session").json()["name"] == "ada"
        page = browser.get(str(browser.base_url.copy_with(path="/login")))
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        mute = {"subject": "copied", "since": "2026-01-01"}
        assert browser.post("mutes", json=mute).status_code == 403
        header = {"X-CSRF-Token": browser.cookies[CSRF]}
        made = browser.post("mutes", json=mute, headers=header)
        assert (made.status_code, made.json()["made_by"]) == (201, "ada")
        number = made.json()["mute_id"]
        assert [one.mute_id for one in list_mutes(firm) if one.lifted_at is None] == [number]
        assert browser.delete(f"mutes/{number}", headers=header).status_code == 204
        assert browser.delete(f"mutes/{number}", headers=header).status_code == 404
        foreign = browser.get("session", headers={"Host": "rebound.example"})
    assert foreign.status_code == 400


# ---- lists, tags, actions


@FEW
@given(
    path=st.sampled_from(
        ["accounts", "accounts?sort=risk", "alerts", "alerts?sort=newest", "features", "anomalies"]
    ),
    limit=st.integers(1, 20),
)
def test_pages_of_any_size_hold_each_item_once(client: httpx.Client, path: str, limit: int):
    path, _, query = path.partition("?")
    wanted = dict([query.split("=")]) if query else {}
    whole = client.get(path, params={**wanted, "limit": 1000}).json()["items"]
    assert pages(client, path, limit=limit, **wanted) == whole
    assert len({json.dumps(one) for one in whole}) == len(whole)


@FEW
@given(path=st.sampled_from(["trades", "metrics"]), limit=st.integers(3, 60))
def test_pages_of_an_account_hold_each_row_once(client: httpx.Client, account: str, path: str, limit: int):
    whole = client.get(f"accounts/{account}/{path}", params={"limit": 1000}).json()["items"]
    assert pages(client, f"accounts/{account}/{path}", limit=limit) == whole


def test_money_is_the_exact_decimal_that_the_reads_give(client: httpx.Client, firm: Database, account: str):
    said = client.get(f"accounts/{account}").json()
    known = reads.overview(firm, accounts=[account]).accounts[0]
    assert (said["balance"], said["net_profit"]) == (str(known.balance), str(known.net_profit))
    assert said["opened_at"].endswith("Z")


def test_a_cursor_of_another_order_is_refused(client: httpx.Client):
    for path, orders in (("accounts", ("name", "risk")), ("alerts", ("rank", "newest"))):
        for order, other in (orders, orders[::-1]):
            cursor = client.get(path, params={"limit": 1, "sort": order}).json()["next"]
            for sort, status in ((order, 200), (other, 422)):
                answer = client.get(path, params={"limit": 1, "sort": sort, "cursor": cursor})
                assert answer.status_code == status, (path, order, sort)


def test_an_alert_shows_the_trades_of_its_own_trading_days(client: httpx.Client, firm: Database):
    """On the plan's calendar: of one that resets at 17:00 in New York, too."""
    with firm.transaction() as connection:
        connection.execute(text("UPDATE plans SET reset_time = '17:00', time_zone = 'America/New_York'"))
    shown = 0
    for alert in list_alerts(firm):
        if alert.account is None:
            continue
        page = client.get(f"alerts/{alert.alert_id}").json()
        days = {"first": alert.first_day, "last": alert.trading_day, "account": alert.account}
        with firm.transaction() as connection:
            own = set(connection.scalars(TICKETS_OF_DAYS, days))
        assert {one["ticket"] for one in page["trades"]} == own
        shown += len(own)
    assert shown > 10


def test_an_answer_that_the_client_has_is_not_sent_again(client: httpx.Client):
    first = client.get("accounts")
    assert first.headers["Content-Encoding"] == "gzip"
    again = client.get("accounts", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get(
        "accounts", headers={"If-None-Match": first.headers["ETag"], "Accept-Encoding": "identity"}
    )
    assert plain.status_code == 304
    other = client.get("accounts?limit=1", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_actions_here_and_in_the_library_are_the_same(client: httpx.Client, firm: Database):
    ours, theirs = [one.alert_id for one in list_alerts(firm, state="open")][:2]
    done = client.post(f"alerts/{ours}/label", json={"verdict": "expected", "note": "a hedge"}).json()
    assert (done["state"], done["label"], done["note"]) == ("resolved", "expected", "a hedge")
    assert show_alert(firm, ours).events[-1].done_by == "all"
    assert [one.label for one in list_alerts(firm) if one.alert_id == ours] == ["expected"]
    acknowledge(firm, [theirs], by="somebody")
    items = pages(client, "alerts", limit=50, state="acknowledged")
    assert (theirs, "somebody") in [(one["alert_id"], one["acknowledged_by"]) for one in items]
    assert ours not in [one["alert_id"] for one in pages(client, "alerts", limit=50, state="unresolved")]


# ---- trades that are sent


def trade(account: str, ticket: int, **changes) -> dict:
    sent = {
        "account": account,
        "ticket": 9_000_000 + ticket,
        "symbol": "EURUSD",
        "side": "buy",
        "lots": "0.50",
    }
    times = {"open_time": "2026-06-23T08:30:00Z", "close_time": "2026-06-23T09:10:00Z"}
    prices = {"open_price": "1.08412", "close_price": "1.08467", "profit": "27.50"}
    return {**sent, **times, **prices, **changes}


def test_each_row_of_a_batch_has_its_verdict_and_again_it_is_a_duplicate(client: httpx.Client, account: str):
    batch = [trade(account, 10), trade(account, 11, lots="many"), trade(account, 12, profit=1.25), "nothing"]
    assert client.post("trades", json={"trades": batch}).status_code == 422
    first = client.post("trades", json={"trades": batch[:3]}).json()
    assert [one["verdict"] for one in first["verdicts"]] == ["new", "rejected", "new"]
    assert first["verdicts"][1]["field"] == "lots"
    again = client.post("trades", json={"trades": batch[:3]}).json()
    assert [one["verdict"] for one in again["verdicts"]] == ["duplicate", "rejected", "duplicate"]
    shown = client.get(f"accounts/{account}/trades", params={"limit": 1000, "symbol": "EURUSD"}).json()[
        "items"
    ]
    assert {9_000_010, 9_000_012} <= {one["ticket"] for one in shown}
    assert client.post("trades", json={"trades": batch[:1] * 5001}).status_code == 422


# ---- events


def listen(
    client: httpx.Client, seen: list[dict], enough: int, headers: dict, ready: threading.Event
) -> None:
    with client.stream("GET", "alerts/stream", headers=headers) as answer:
        ready.set()
        event = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            event |= {name: value} if value else {}
            if not line and "data" in event:
                seen.append(event)
                event = {}
            if len(seen) == enough:
                return


def test_events_come_as_they_happen_and_go_on_after_the_last_one_seen(client: httpx.Client, firm: Database):
    live, ready = [], threading.Event()
    listener = threading.Thread(target=listen, args=(client, live, 2, {}, ready))
    listener.start()
    assert ready.wait(10)
    time.sleep(1.5)
    chosen = [one.alert_id for one in list_alerts(firm, limit=2)]
    for alert in chosen:
        label(firm, [alert], "true", by="a test")
    listener.join(timeout=15)
    said = [json.loads(event["data"]) for event in live]
    assert [(one["alert_id"], one["event"]) for one in said] == [(one, "labelled true") for one in chosen]
    assert len(said) == 2
    resumed: list[dict] = []
    listen(client, resumed, 1, {"Last-Event-ID": live[0]["id"]}, ready)
    assert resumed == live[1:]


def test_a_listener_with_a_cookie_of_another_engine_hears_on_the_loopback_interface(firm: Database):
    stale = {"Cookie": f"timeseries_session=tse_{'x' * 43}"}
    heard, ready = [], threading.Event()
    with serving(firm, open_access=True, name="ada") as browser:
        listener = threading.Thread(target=listen, args=(browser, heard, 1, stale, ready))
        listener.start()
        assert ready.wait(10)
        time.sleep(1.5)
        label(firm, [list_alerts(firm, limit=1)[0].alert_id], "true", by="a test")
        listener.join(timeout=15)
    assert [event["event"] for event in heard] == ["alert"]


# ---- its own document


def test_nothing_that_can_be_sent_ends_in_an_error_of_ours_or_breaks_the_document(firm: Database, secrets):
    app = create_app(firm, UNLIMITED, routers=[jobs_router], open_access=False)
    document = schemathesis.openapi.from_asgi(f"{API}/openapi.json", app)
    tried = 0
    for found in document.exclude(path_regex="stream$").get_all_operations():
        operation = found.ok()
        modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
        cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

        @given(case=cases)
        @settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
        def try_out(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=bearer(secrets["all"]), excluded_checks=UNDECIDABLE)

        try_out()
        tried += 1
    assert tried > 25
