"""The tokens of the API: random secrets of which the database knows the hash alone."""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from timeseries.database import Database, run
from timeseries.errors import InputError, NotFound

__all__ = [
    "NO_GROUPS",
    "SCOPES",
    "NewToken",
    "Token",
    "TokenRecord",
    "create_token",
    "find_token",
    "list_tokens",
    "revoke_token",
    "rotate_token",
]

SCOPES = ("read", "act", "ingest")
# Cohorts of these names are the whole firm, and the engine's own troubles.
NO_GROUPS = ("firm", "engine")
SECRET = re.compile(r"tse_[A-Za-z0-9_-]{43}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
LONGEST = timedelta(days=36_500)


@dataclass(frozen=True)
class Token:
    """What the holder of a good secret may do.

    Attributes:
        scopes: of ``read``, ``act`` (on alerts) and ``ingest``.
        groups: account groups it is limited to; None for the whole firm.
        expires_at: when it ends, UTC; None for never.
    """

    token_id: int
    name: str
    scopes: frozenset[str]
    groups: tuple[str, ...] | None
    expires_at: datetime | None


@dataclass(frozen=True)
class NewToken:
    """A token just made; ``token`` is its secret, which cannot be had again. Times UTC."""

    token: str
    name: str
    scopes: frozenset[str]
    groups: tuple[str, ...] | None
    expires_at: datetime | None


@dataclass(frozen=True)
class TokenRecord:
    """What is kept of a token; ``state``: in force, replaced (good until it expires), expired or revoked."""

    name: str
    scopes: frozenset[str]
    groups: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    state: str


def create_token(
    database: Database,
    name: str,
    *,
    scopes: Collection[str],
    groups: Sequence[str] | None = None,
    expires: timedelta | None = None,
) -> NewToken:
    """Make a token.

    Args:
        database: where it is kept, as its hash.
        name: of letters, digits, dots, dashes and underscores, at most 64; two tokens in force differ in it.
        scopes: what it is for: some of ``SCOPES``.
        groups: account groups it is limited to; None for the whole firm.
        expires: how long it is good; None for ever.

    Raises:
        InputError: a value cannot be used, or there is such a token already.
        NotFound: no account is in one of the groups.
    """
    _check(name, scopes, groups, expires)
    with database.transaction() as connection:
        unknown = run(connection, "access.unknown_groups", {"groups": list(groups or ())}).scalars().first()
        if unknown is not None:
            raise NotFound(
                f"There is no account in a group {unknown!r}: `timeseries accounts` shows the groups."
            )
        made = _add(connection, name, sorted(scopes), groups, expires)
    if made is None:
        raise InputError(f"There is a token {name!r} already: rotate it, revoke it, or take another name.")
    return made


def find_token(database: Database, secret: str) -> Token | None:
    """The token with this secret; None when there is none such, or it expired or was revoked."""
    if SECRET.fullmatch(secret) is None:
        return None
    with database.transaction() as connection:
        row = run(connection, "access.find_token", {"secret_hash": _hash(secret)}).mappings().one_or_none()
    return None if row is None else Token(**_as_sets(row))


def list_tokens(database: Database) -> list[TokenRecord]:
    """Every token ever made, by name, those of one name newest first."""
    with database.transaction() as connection:
        rows = run(connection, "access.list_tokens", {}).mappings().all()
    return [TokenRecord(**_as_sets(row)) for row in rows]


def rotate_token(database: Database, name: str, keep: timedelta = timedelta(0)) -> NewToken:
    """Make a successor with the same name, scopes, groups and lifetime.

    Args:
        database: where tokens are kept.
        name: of a token that was neither revoked nor replaced; it may have expired.
        keep: how much longer the old secret is good, at most until it would have expired anyway.

    Raises:
        InputError: ``keep`` is negative or too long.
        NotFound: there is no such token.
    """
    if not timedelta(0) <= keep <= LONGEST:
        raise InputError("The old secret can be kept for no time or longer, up to a hundred years.")
    with database.transaction() as connection:
        old = run(connection, "access.replace_token", {"name": name, "keep": keep}).one_or_none()
        made = None if old is None else _add(connection, name, old.scopes, old.groups, old.lifetime)
    if made is None:
        raise _missing(name)
    return made


def revoke_token(database: Database, name: str) -> int:
    """End every token of this name at once, replaced ones as well; returns how many that were.

    Raises:
        NotFound: there is none that was not revoked before.
    """
    with database.transaction() as connection:
        revoked = len(run(connection, "access.revoke_tokens", {"name": name}).all())
    if not revoked:
        raise _missing(name)
    return revoked


def _add(
    connection: Connection,
    name: str,
    scopes: Sequence[str],
    groups: Sequence[str] | None,
    lifetime: timedelta | None,
) -> NewToken | None:
    secret = f"tse_{secrets.token_urlsafe(32)}"
    values = {
        "name": name,
        "secret_hash": _hash(secret),
        "scopes": list(scopes),
        "groups": None if groups is None else sorted(set(groups)),
        "lifetime": lifetime,
    }
    row = run(connection, "access.add_token", values).mappings().one_or_none()
    return None if row is None else NewToken(token=secret, **_as_sets(row))


def _hash(secret: str) -> bytes:
    # Fast on purpose: 256 random bits cannot be guessed, so nothing is gained by a slow hash.
    return hashlib.sha256(secret.encode()).digest()


def _as_sets(row: Any) -> dict[str, Any]:
    groups = None if row["groups"] is None else tuple(row["groups"])
    return {**row, "scopes": frozenset(row["scopes"]), "groups": groups}


def _check(
    name: str, scopes: Collection[str], groups: Sequence[str] | None, expires: timedelta | None
) -> None:
    if NAME.fullmatch(name) is None:
        raise InputError(
            "A token's name has up to 64 letters, digits, dots, dashes or underscores: begin with a letter."
        )
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InputError(f"A token is for at least one of: {', '.join(SCOPES)}.")
    if groups is not None and (reserved := set(NO_GROUPS) & set(groups)):
        raise InputError(f"{' and '.join(sorted(reserved))} is no group of accounts.")
    if groups is not None and not groups:
        raise InputError("Name at least one group, or none for the whole firm.")
    if expires is not None and not timedelta(0) < expires <= LONGEST:
        raise InputError("A token is good for some time, up to a hundred years.")


def _missing(name: str) -> NotFound:
    return NotFound(f"There is no token {name!r} in force: `timeseries tokens list` shows them.")
