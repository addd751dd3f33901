"""Whom a read is about: one account, a group, or the whole firm."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from timeseries.database import statement
from timeseries.errors import InputError, NotFound

__all__ = ["Account", "check_known", "check_positive", "find_account", "find_scope"]


@dataclass(frozen=True)
class Account:
    """An account's number, and what its numbers are read with."""

    account_id: int
    currency: str
    currency_digits: int
    positions_as_of: datetime | None


def find_account(connection: Connection, account: str) -> Account:
    """Look an account up by the firm's name for it.

    Raises:
        NotFound: there is none such.
    """
    row = connection.execute(statement("reads.account"), {"account": account}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no account {account!r}: `timeseries accounts` lists them.")
    return Account(**row)


def find_scope(connection: Connection, account: str | None, group: str | None) -> dict[str, object]:
    """The parameters ``account_id`` and ``group`` of a query; null where it is not narrowed down.

    Raises:
        InputError: both are given.
        NotFound: there is no such account, or no account in such a group.
    """
    if account is not None and group is not None:
        raise InputError("Give an account or a group, not both.")
    check_known(connection, group=group)
    found = None if account is None else find_account(connection, account).account_id
    return {"account_id": found, "group": group}


def check_known(connection: Connection, *, group: str | None = None, plan: str | None = None) -> None:
    """Make sure that a group has accounts and that a plan exists.

    Raises:
        NotFound: it has none, or it does not exist.
    """
    known = connection.execute(statement("reads.is_known"), {"group": group, "plan": plan}).one()
    if not known.group:
        raise NotFound(f"There is no account in a group {group!r}: `timeseries accounts` shows the groups.")
    if not known.plan:
        raise NotFound(f"There is no plan {plan!r}: `timeseries accounts` shows the plans in use.")


def check_positive(**numbers: int) -> None:
    """Refuse a number of days or rows below one.

    Raises:
        InputError: one is.
    """
    for name, number in numbers.items():
        if number < 1:
            raise InputError(f"The number of {name} must be at least 1.")
