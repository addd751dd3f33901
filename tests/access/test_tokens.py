"""Tokens: good while they are, and nowhere but with their holder."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

import cli
from timeseries.access import create_token, find_token, list_tokens, revoke_token, rotate_token
from timeseries.commands.tokens import Span
from timeseries.database import Database
from timeseries.errors import InputError, NotFound, TimeseriesError

SECRET = re.compile(r"tse_[A-Za-z0-9_-]{43}")
DAY = timedelta(days=1)
AGE = "UPDATE api_tokens SET created_at = created_at - :by, expires_at = expires_at - :by"


@pytest.fixture(scope="module")
def group(database: Database) -> Database:
    """A firm with an account in the group alpha."""
    with database.transaction() as connection:
        connection.execute(text("INSERT INTO plans (plan, currency, initial_balance) VALUES ('p', 'USD', 1)"))
        connection.execute(
            text(
                "INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance,"
                " opened_at,"
                " account_group) SELECT 'A-1', plan_id, 'USD', 2, 1, '2024-01-01', 'alpha' FROM plans"
            )
        )
    return database


@pytest.fixture
def firm(group: Database) -> Database:
    """The same without tokens."""
    with group.transaction() as connection:
        connection.execute(text("TRUNCATE api_tokens"))
    return group


def pass_by(database: Database, time: timedelta) -> None:
    """Make every token older, as if so much time had passed."""
    with database.transaction() as connection:
        connection.execute(text(AGE), {"by": time})


def test_a_token_is_found_with_all_it_may(firm: Database) -> None:
    made = create_token(firm, "desk", scopes=["act", "read"], groups=["alpha"], expires=90 * DAY)
    assert SECRET.fullmatch(made.token)
    found = find_token(firm, made.token)
    assert found is not None
    assert (found.name, found.scopes, found.groups) == ("desk", {"read", "act"}, ("alpha",))
    assert found.expires_at == made.expires_at
    assert made.expires_at is not None
    assert abs(made.expires_at - datetime.now(UTC) - 90 * DAY) < timedelta(minutes=5)


def test_a_token_for_the_whole_firm_for_ever(firm: Database) -> None:
    made = create_token(firm, "all", scopes=["ingest"])
    pass_by(firm, 30_000 * DAY)
    found = find_token(firm, made.token)
    assert found is not None
    assert (found.groups, found.expires_at) == (None, None)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wrong=st.text(max_size=60) | st.from_regex(SECRET, fullmatch=True))
def test_no_other_text_is_a_token(firm: Database, wrong: str) -> None:
    if not list_tokens(firm):
        create_token(firm, "desk", scopes=["read"])
    assert find_token(firm, wrong) is None


def test_only_the_hash_is_kept(firm: Database) -> None:
    made = create_token(firm, "desk", scopes=["read"])
    with firm.transaction() as connection:
        [(kept, digest)] = connection.execute(text("SELECT CAST(t AS text), secret_hash FROM api_tokens t"))
    assert made.token[4:] not in kept
    assert made.token[4:].encode() not in bytes(digest)
    assert bytes(digest) == hashlib.sha256(made.token.encode()).digest()


def test_two_tokens_differ(firm: Database) -> None:
    secrets = {create_token(firm, f"t{number}", scopes=["read"]).token for number in range(5)}
    assert len(secrets) == 5


def test_an_expired_token_is_none(firm: Database) -> None:
    made = create_token(firm, "desk", scopes=["read"], expires=2 * DAY)
    pass_by(firm, DAY)
    assert find_token(firm, made.token) is not None
    pass_by(firm, DAY)
    assert find_token(firm, made.token) is None
    assert [one.state for one in list_tokens(firm)] == ["expired"]


def test_a_revoked_token_is_none_and_its_name_is_free_again(firm: Database) -> None:
    made = create_token(firm, "desk", scopes=["read"])
    assert revoke_token(firm, "desk") == 1
    assert find_token(firm, made.token) is None
    again = create_token(firm, "desk", scopes=["act"])
    assert find_token(firm, again.token) is not None
    assert [one.state for one in list_tokens(firm)] == ["in force", "revoked"]


def test_the_old_secret_is_good_for_the_time_it_is_kept(firm: Database) -> None:
    old = create_token(firm, "desk", scopes=["read", "act"], groups=["alpha"], expires=10 * DAY)
    pass_by(firm, 6 * DAY)
    new = rotate_token(firm, "desk", keep=DAY)
    assert (new.scopes, new.groups) == (old.scopes, old.groups)
    assert [one.state for one in list_tokens(firm)] == ["in force", "replaced"]
    assert find_token(firm, old.token) is not None
    pass_by(firm, DAY)
    assert find_token(firm, old.token) is None
    pass_by(firm, 8 * DAY)
    assert find_token(firm, new.token) is not None  # it has the whole ten days of the first
    pass_by(firm, DAY)
    assert find_token(firm, new.token) is None


def test_a_rotation_never_prolongs_the_old_secret(firm: Database) -> None:
    old = create_token(firm, "desk", scopes=["read"], expires=2 * DAY)
    rotate_token(firm, "desk", keep=9 * DAY)
    pass_by(firm, 2 * DAY)
    assert find_token(firm, old.token) is None


def test_a_rotation_keeps_nothing_by_default_and_revoking_ends_all(firm: Database) -> None:
    first = create_token(firm, "desk", scopes=["read"])
    second = rotate_token(firm, "desk")
    assert find_token(firm, first.token) is None
    third = rotate_token(firm, "desk", keep=DAY)
    assert find_token(firm, second.token) is not None
    assert revoke_token(firm, "desk") == 3
    assert find_token(firm, second.token) is None
    assert find_token(firm, third.token) is None


@pytest.mark.parametrize(
    ("attempt", "error", "says"),
    [
        (lambda firm: create_token(firm, "new", scopes=[]), InputError, "at least one of: read, act"),
        (lambda firm: create_token(firm, "new", scopes=["write"]), InputError, "at least one of"),
        (lambda firm: create_token(firm, "-x", scopes=["read"]), InputError, "letters, digits"),
        (lambda firm: create_token(firm, "x\n", scopes=["read"]), InputError, "letters, digits"),
        (
            lambda firm: create_token(firm, "new", scopes=["read"], groups=[]),
            InputError,
            "at least one group",
        ),
        (lambda firm: create_token(firm, "new", scopes=["read"], groups=["beta"]), NotFound, "group 'beta'"),
        (
            lambda firm: create_token(firm, "new", scopes=["read"], groups=["engine"]),
            InputError,
            "is no group",
        ),
        (
            lambda firm: create_token(firm, "new", scopes=["read"], expires=timedelta()),
            InputError,
            "some time",
        ),
        (
            lambda firm: create_token(firm, "new", scopes=["read"], expires=99_999 * DAY),
            InputError,
            "hundred",
        ),
        (lambda firm: create_token(firm, "desk", scopes=["read"]), InputError, "already"),
        (lambda firm: rotate_token(firm, "none"), NotFound, "no token 'none'"),
        (lambda firm: rotate_token(firm, "desk", keep=-DAY), InputError, "no time or longer"),
        (lambda firm: revoke_token(firm, "none"), NotFound, "tokens list"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    firm: Database, attempt: Callable[[Database], object], error: type[Exception], says: str
) -> None:
    create_token(firm, "desk", scopes=["read"])
    before = list_tokens(firm)
    with pytest.raises(error, match=says):
        attempt(firm)
    assert list_tokens(firm) == before


# ---- the verbs


@pytest.fixture
def say(firm: Database) -> Callable[..., str]:
    def run(*arguments: str, exit_code: int = 0) -> str:
        done = CliRunner().invoke(cli.timeseries, ["--database-url", firm.url, "tokens", *arguments])
        if isinstance(done.exception, TimeseriesError):
            assert done.exception.exit_code == exit_code
            return str(done.exception)
        assert done.exit_code == exit_code, done.output
        return done.output

    return run


def test_creating_prints_the_secret_once(firm: Database, say: Callable[..., str]) -> None:
    said = say("create", "desk", "--scope", "read", "--scope", "act", "--group", "alpha", "--expires", "90d")
    [secret] = SECRET.findall(said)
    assert said.splitlines()[0] == secret
    assert "read, act; groups: alpha; good until 2" in said
    found = find_token(firm, secret)
    assert found is not None
    assert found.groups == ("alpha",)
    listed = say("list") + say("list", "--json")
    assert "desk" in listed
    assert secret[4:] not in listed
    assert hashlib.sha256(secret.encode()).hexdigest() not in listed


def test_rotating_and_revoking_by_verb(firm: Database, say: Callable[..., str]) -> None:
    old = json.loads(say("create", "desk", "--scope", "read", "--json"))["token"]
    [new] = SECRET.findall(say("rotate", "desk", "--keep", "1h"))
    assert find_token(firm, old) is not None
    assert find_token(firm, new) is not None
    assert say("revoke", "desk") == "2 tokens revoked.\n"
    assert find_token(firm, new) is None
    assert {one["state"] for one in json.loads(say("list", "--json"))} == {"revoked"}


def test_the_verbs_say_what_is_wrong(say: Callable[..., str]) -> None:
    assert "`timeseries tokens create` makes one" in say("list")
    assert "There is no token 'desk'" in say("rotate", "desk", exit_code=4)
    assert "There is no token 'desk'" in say("revoke", "desk", exit_code=4)
    assert "group 'beta'" in say("create", "desk", "--scope", "read", "--group", "beta", exit_code=4)
    assert "write 90d, 12h or 30m" in say("create", "desk", "--scope", "read", "--expires", "9", exit_code=2)
    assert "write" in say("create", "desk", "--scope", "write", exit_code=2)
    say("create", "desk", "--scope", "read")
    assert "already" in say("create", "desk", "--scope", "read", exit_code=3)


@given(st.integers(0, 99_999), st.sampled_from("mhdw"))
def test_a_span_is_what_it_says(number: int, unit: str) -> None:
    seconds = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}[unit]
    assert Span().convert(f"{number}{unit}", None, None) == timedelta(seconds=number * seconds)
