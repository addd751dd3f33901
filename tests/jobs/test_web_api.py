"""The ledger over HTTP: where jobs stand, page by page what ran, and what is wrong."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from web_client import note_run
from web_server import serving

from jobs.api import jobs_router
from jobs.registry import JOBS
from timeseries.database import Database


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[httpx.Client]:
    with serving(database, open_access=True, routers=[jobs_router]) as one:
        yield one


def test_every_job_is_listed_with_its_last_run(client: httpx.Client, clean_database: Database):
    note_run(clean_database, "refresh", "done", timedelta(minutes=2))
    items = client.get("jobs").json()["items"]
    assert [one["job"] for one in items] == list(JOBS)
    last = {one["job"]: one["last_run"] for one in items}
    assert (last["refresh"]["state"], last["refresh"]["seconds"]) == ("done", 10.0)
    assert {name for name, run in last.items() if run} == {"refresh"}


def test_the_ledger_is_read_page_by_page(client: httpx.Client, clean_database: Database):
    for minutes in range(9, 0, -1):
        note_run(clean_database, "refresh" if minutes % 3 else "health", "done", timedelta(minutes=minutes))
    seen, cursor = [], {}
    while cursor is not None:
        page = client.get("jobs/history", params={"job": "refresh", "limit": 4, **cursor}).json()
        seen += page["items"]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert [one["job"] for one in seen] == ["refresh"] * 6
    numbers = [one["run_id"] for one in seen]
    assert numbers == sorted(set(numbers), reverse=True)
    assert client.get("jobs/history", params={"job": "nothing"}).status_code == 404


def test_the_doctor_names_what_fails(client: httpx.Client, clean_database: Database):
    for minutes in (3, 2, 1):
        note_run(clean_database, "refresh", "failed", timedelta(minutes=minutes))
    found = client.get("jobs/doctor").json()
    (ill,) = [one for one in found["jobs"] if one["job"] == "refresh"]
    assert not found["fine"]
    assert (ill["ill"], ill["what"]) == (True, "failing")
    assert "a reason" in ill["why"]
