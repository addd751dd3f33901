"""What needs no firm: rates, a database that is gone, cursors, values, files, the server's start and end."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st
from web_server import UNLIMITED, bearer, serving

from cli import timeseries
from timeseries.access import create_token, find_token
from timeseries.config import Settings, WebSettings, load_settings
from timeseries.database import Database
from timeseries.errors import ConfigurationError
from timeseries.web import _gate, _health
from timeseries.web._paging import place_of, written
from timeseries.web._problems import Refusal

NOBODY = "postgresql://nobody:secret@127.0.0.1:1/nothing"
ROOT = Path(__file__).parents[2]


def at(client, path: str) -> str:
    return str(client.base_url.copy_with(path=path))


# ---- rates, and a database that is gone


def test_beyond_its_rate_an_address_is_told_how_long_to_wait():
    settings = Settings(web=WebSettings(requests_per_minute=3))
    with serving(Database(NOBODY), settings, open_access=True) as client:
        answers = [client.get("session") for _ in range(5)]
        page = client.get(at(client, "/assets/plotly.min.js"))
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert [re.search(r"r=(\d+)", one.headers["RateLimit"])[1] for one in answers[:3]] == ["2", "1", "0"]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert answers[3].json()["title"] == "Too Many Requests"
    assert page.status_code == 200


def test_each_token_has_a_rate_of_its_own(database: Database):
    made = [create_token(database, name, scopes=["read"]).token for name in ("one", "other")]
    with serving(database, Settings(web=WebSettings(requests_per_minute=2))) as client:
        statuses = [client.get("session", headers=bearer(secret)).status_code for secret in made * 3]
    assert statuses == [200, 200, 200, 200, 429, 429]


def test_who_guesses_tokens_beyond_the_rate_does_not_reach_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    looked_up = []
    monkeypatch.setattr(_gate, "find_token", lambda *asked: looked_up.append(asked) or find_token(*asked))
    good = create_token(database, "good", scopes=["read"]).token
    with serving(database, Settings(web=WebSettings(requests_per_minute=5))) as client:
        guesses = [client.get("session", headers=bearer(f"tse_{n:043}")).status_code for n in range(20)]
        assert client.get("session", headers={"Cookie": f"timeseries_session={good}"}).status_code == 429
    assert guesses == [401] * 5 + [429] * 15
    assert len(looked_up) == 5


def test_a_cookie_of_another_engine_does_not_lock_out_who_needs_none(database: Database):
    stale = {"Cookie": f"timeseries_session=tse_{'x' * 43}"}
    with serving(database, UNLIMITED, open_access=True, name="ada") as client:
        assert client.get("session", headers=stale).json()["name"] == "ada"
        assert client.post("mutes", json={}, headers=stale).status_code == 403, (
            "actions still need the header"
        )
        assert client.get("session", headers=bearer("tse_wrong")).status_code == 401


def test_behind_a_long_transaction_the_health_is_busy_and_not_ill(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(_health, "PATIENCE_SECONDS", 0.5)
    with serving(database, UNLIMITED, open_access=True) as client:
        assert client.get("health").json()["database"] == "up"
        monkeypatch.setattr(_health, "_answers", lambda gate: time.sleep(2) or True)
        begun = time.monotonic()
        busy = client.get("health")
        assert (busy.status_code, busy.json()["database"]) == (200, "busy")
        assert time.monotonic() - begun < 1.5


def test_without_its_database_it_says_so_asks_for_it_and_goes_on():
    asked = threading.Event()
    with serving(Database(NOBODY), UNLIMITED, open_access=True, reopen=asked.set) as client:
        gone = client.get("accounts")
        health = client.get("health")
        assert asked.wait(5)
    assert (gone.status_code, gone.headers["Retry-After"]) == (503, "5")
    assert "secret" not in gone.text
    assert "127.0.0.1" not in gone.text
    assert (health.status_code, health.json()["database"]) == (503, "down")


# ---- what is sent and what is refused


def test_every_error_is_a_problem_that_names_the_fields():
    with serving(Database(NOBODY), UNLIMITED, open_access=True) as client:
        wrong = client.get("accounts?limit=0&sort=luck&grup=x").json()
        nowhere = client.get("nothing/here")
        token = {"X-CSRF-Token": "x", "Cookie": "timeseries_csrf=x", "Content-Type": "application/json"}
        method = client.put("accounts", headers=token)
        cursor = client.get("accounts?cursor=abc")
        broken = client.post("mutes", content=b"{", headers=token)
        long = client.post("trades", content=b"x" * (9 * 1024 * 1024), headers=token)
        endless = client.post("trades", content=(b"x" * 2**20 for _ in range(9)), headers=token)
        essay = client.post("mutes", json={"reason": "x" * 70_000}, headers=token)
    assert {one["field"] for one in wrong["errors"]} == {"grup"}
    assert [one.status_code for one in (nowhere, method, cursor, broken)] == [404, 405, 422, 422]
    assert [long.status_code, endless.status_code, essay.status_code] == [413, 413, 413]
    assert broken.json()["errors"][0]["field"] == ""
    assert cursor.json()["errors"][0]["field"] == "cursor"
    for one in (nowhere, method, cursor, broken, long, endless):
        assert one.headers["Content-Type"] == "application/problem+json"
        assert one.json()["status"] == one.status_code
        assert one.headers["X-Content-Type-Options"] == "nosniff"


def test_files_are_kept_for_ever_under_their_hash_and_pages_are_asked_for_again():
    with serving(Database(NOBODY), UNLIMITED, open_access=True) as client:
        page = client.get(at(client, "/"))
        names = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
        files = {name: client.get(str(client.base_url.join(name))) for name in names}
        bare = client.get(at(client, "/assets/plotly.min.js"))
        known = client.get(at(client, "/"), headers={"If-None-Match": page.headers["ETag"]})
        outside = client.get(at(client, "/assets/%2e%2e/_app.py"))
    assert page.headers["Cache-Control"] == "private, no-cache"
    assert names
    assert {one.status_code for one in files.values()} == {200}
    assert all("immutable" in one.headers["Cache-Control"] for one in files.values())
    assert bare.headers["Cache-Control"] == "no-cache"
    assert (bare.headers["Content-Encoding"], known.status_code, outside.status_code) == ("gzip", 304, 404)
    assert int(bare.headers["Content-Length"]) < len(bare.content) / 3


# ---- cursors and values


VALUES = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
)


@given(place=st.lists(VALUES, min_size=1, max_size=4).map(tuple))
def test_a_cursor_leads_back_to_its_place(place):
    cursor = written(place)
    assert re.fullmatch("[A-Za-z0-9_-]+", cursor)
    assert place_of(cursor, *(type(value) for value in place)) == place


@given(cursor=st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", max_size=40))
@example(written(("a", "b")))
@example(written((True, 1)))
@example(written((float("nan"), 1)))
@example("bnVsbA")
def test_any_other_text_is_refused(cursor: str):
    with pytest.raises(Refusal):
        place_of(cursor, datetime, date)


# ---- the verb


def test_settings_of_the_web_are_read_and_checked(tmp_path: Path):
    file = tmp_path / "timeseries.toml"
    file.write_text('[web]\nlisten = "0.0.0.0:80"\nrequests_per_minute = 10\n')
    assert load_settings(file).web == WebSettings(listen="0.0.0.0:80", requests_per_minute=10)
    file.write_text("[web]\npool = 0\n")
    with pytest.raises(ConfigurationError, match="must be 1 to 100"):
        load_settings(file)


def refused(database: Database, *arguments: str) -> str:
    done = CliRunner().invoke(timeseries, ["--database-url", database.url, "serve", *arguments])
    assert isinstance(done.exception, ConfigurationError)
    return str(done.exception)


def test_where_nobody_can_listen_a_sentence_says_so(database: Database):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"Nobody can listen at {address}" in refused(database, "--listen", address)
    assert "is no address" in refused(database, "--listen", "somewhere")
    assert "Nobody can listen" in refused(database, "--listen", "no.such.host.invalid:80")


def test_off_the_loopback_interface_nothing_is_served_before_there_is_a_token(clean_database: Database):
    for arguments in (["--listen", "0.0.0.0:0"], ["--listen", "[::]:0"]):
        assert "`timeseries tokens create" in refused(clean_database, *arguments)


def test_told_to_stop_it_leaves_with_0_whoever_listens(database: Database):
    command = [sys.executable, "-c", "import cli; cli.main()", "--database-url", database.url]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "cwd": ROOT}
    servers = [
        subprocess.Popen([*command, "serve", "--listen", "127.0.0.1:0"], **options, env=dict(os.environ))
        for _ in range(2)
    ]
    for server, number in zip(servers, (signal.SIGTERM, signal.SIGINT), strict=True):
        line = server.stdout.readline()
        port = re.search(r"Listening at http://127\.0\.0\.1:(\d+)/", line)[1]
        with httpx.stream("GET", f"http://127.0.0.1:{port}/api/v1/alerts/stream", timeout=20) as events:
            assert events.status_code == 200
            server.send_signal(number)
            assert server.wait(20) == 0, number
        assert server.stdout.read() == ""
        server.stdout.close()
