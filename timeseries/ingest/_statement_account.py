"""The account that an MT4 statement goes to; one that is not there yet is made."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection, Row

from timeseries.database import statement
from timeseries.errors import InputError, NotFound
from timeseries.ingest._mt4 import Statement
from timeseries.ingest._options import StatementOptions
from timeseries.ingest._source import Source
from timeseries.ingest._upsert import Currencies

__all__ = ["StatementAccount", "statement_account"]


@dataclass(frozen=True)
class StatementAccount:
    """An account, and the decimals of its currency."""

    account_id: int
    account: str
    currency: str
    digits: int


def statement_account(
    connection: Connection, source: Source, found: Statement, options: StatementOptions, opened_at: int
) -> StatementAccount:
    """Find the account of a statement, or make it.

    A new account starts with the statement's balance less its closed trades and balance operations,
    at ``opened_at`` (UTC seconds).

    Raises:
        InputError: the currency is unknown or not the account's.
        NotFound: there is no such plan.
    """
    name, currency = options.account or found.account, (options.currency or found.currency).upper()
    there = _find(connection, name)
    if there is None:
        _make(connection, source, found, options, name, currency, opened_at)
        there = _find(connection, name)
    assert there is not None
    if currency and there.currency != currency:
        raise InputError(f"{source.path} is in {currency}, but the account {name} is in {there.currency}.")
    return StatementAccount(there.account_id, name, there.currency, there.currency_digits)


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(statement("ingest.known_accounts"), {"accounts": [name]}).one_or_none()


def _make(
    connection: Connection,
    source: Source,
    found: Statement,
    options: StatementOptions,
    name: str,
    currency: str,
    opened_at: int,
) -> None:
    currencies = Currencies(connection)
    if currency not in currencies.names:
        raise InputError(f"{source.path} is in {currency or 'no named currency'}. {currencies.unknown}")
    digits = int(currencies.digits[currencies.names.index(currency)])
    plan = options.plan or f"no-limits-{currency}"
    if options.plan is None:
        connection.execute(statement("ingest.add_plan"), {"plan": plan, "currency": currency})
    plans = connection.execute(statement("ingest.known_plans"), {"plans": [plan]}).all()
    if not plans:
        raise NotFound(f"There is no plan {plan}; load the plans first.")
    connection.execute(
        statement("ingest.add_account"),
        {
            "account": name,
            "plan_id": plans[0].plan_id,
            "account_group": options.account_group,
            "currency": currency,
            "digits": digits,
            "initial_balance": _initial_balance(source, found, digits),
            "opened_at": opened_at,
        },
    )


def _initial_balance(source: Source, found: Statement, digits: int) -> int:
    try:
        operations = sum((Decimal(row.cells["amount"]) for row in found.operations), Decimal(0))
    except InvalidOperation as error:
        raise InputError(f"{source.path} has a balance row whose amount is no number.") from error
    return round((found.balance - found.closed_profit - operations).scaleb(digits))
