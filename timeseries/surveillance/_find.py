"""The search for violations, in blocks of accounts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from timeseries.config import Settings
from timeseries.database import Database, run
from timeseries.errors import InputError
from timeseries.surveillance._contract import Case, Parameters, Rule, Violation
from timeseries.surveillance._look import Calendars, Look, Trades, day_number
from timeseries.surveillance._parameters import chosen_rules, parameters_of
from timeseries.surveillance._versions import rules_in_force
from timeseries.surveillance.rules import RULES

__all__ = ["Progress", "find_violations"]

Progress = Callable[[str, int, int], None]
Wanted = list[tuple[Rule, Parameters]]
CALENDAR = ["reset_time", "time_zone"]
# Trades read in one statement: some 15 MB.
BLOCK_TRADES = 200_000
BLOCK_ACCOUNTS = 2_000
# Longer spans are looked at in parts, so that memory does not grow with them.
LONGEST_SPAN = 31
# Trading days and the UTC days of their trades are at most two apart.
MARGIN = 3


def find_violations(
    database: Database,
    settings: Settings,
    *,
    since: date,
    until: date,
    rules: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> list[Violation]:
    """What broke the rules of the trade on the trading days ``since`` to ``until``, both included.

    Days are those of each account's own calendar. The same data give the same violations, whichever span of
    days is looked at. Nothing is stored.

    Args:
        rules: only these; None: all that are enabled.
        progress: is told what is done, how much, and of how much.

    Returns:
        violations by day, account and rule.

    Raises:
        ConfigurationError: a rule's parameters in the settings cannot be used.
        NotFound: there is no such rule.
        InputError: the span ends before it begins.
    """
    if until < since:
        raise InputError(f"The days must not end ({until}) before they begin ({since}).")
    parameters = parameters_of(settings)
    wanted = [(rule, parameters[rule.name]) for rule in chosen_rules(rules)]
    wanted = [(rule, chosen) for rule, chosen in wanted if chosen.enabled or rules is not None]
    versions = {watch.rule: watch.rule_version_id for watch in rules_in_force(database, settings)}
    found = [
        _violation(rule, versions[rule], case, accounts)
        for first, last in _spans(since, until)
        for rule, case, accounts in _found(database, wanted, first, last, progress or _silent)
    ]
    order = list(RULES)
    return sorted(found, key=lambda v: (v.trading_day, v.account, order.index(v.rule)))


def _spans(since: date, until: date) -> Iterator[tuple[date, date]]:
    while since <= until:
        last = min(until, since + timedelta(days=LONGEST_SPAN - 1))
        yield since, last
        since = last + timedelta(days=1)


def _found(
    database: Database, wanted: Wanted, since: date, until: date, progress: Progress
) -> Iterator[tuple[str, Case, pd.DataFrame]]:
    lookback = max((rule.lookback(parameters) for rule, parameters in wanted), default=0)
    with database.transaction() as connection:
        whole = _look(connection, since, until, lookback)
    of_accounts = [item for item in wanted if item[0].scope == "accounts"]
    of_firm = [item for item in wanted if item[0].scope == "firm"]
    kept = []
    for block, done in _blocks(whole.accounts):
        with database.transaction() as connection:
            look = replace(whole, connection=connection, accounts=block)
            yield from _cases(look, of_accounts)
            if of_firm:
                kept.append(_moved(look.trades, done - len(block)))
        progress("looking at accounts", done, len(whole.accounts))
    if of_firm and kept:
        trades = Trades(
            **{name: np.concatenate([vars(part)[name] for part in kept]) for name in vars(kept[0])}
        )
        yield from _cases(replace(whole, given=trades), of_firm)


def _cases(look: Look, wanted: Wanted) -> Iterator[tuple[str, Case, pd.DataFrame]]:
    for rule, parameters in wanted:
        for case in rule.find(look, parameters):
            yield rule.name, case, look.accounts


def _look(connection: Connection, since: date, until: date, lookback: int) -> Look:
    values: dict[str, Any] = {"since": since, "until": until, "lookback": lookback}
    result = run(connection, "surveillance.accounts", values)
    accounts = pd.DataFrame(result.all(), columns=list(result.keys()))
    begin, end = since - timedelta(days=lookback + MARGIN), until + timedelta(days=MARGIN)
    rows = run(connection, "surveillance.day_starts", {"since": begin, "until": end}).all()
    starts = pd.DataFrame(rows, columns=[*CALENDAR, "starts_at"])
    calendars = starts[CALENDAR].drop_duplicates(ignore_index=True).reset_index(names="calendar")
    accounts = accounts.merge(calendars, on=CALENDAR, how="left")
    table = starts["starts_at"].to_numpy(np.int64).reshape(len(calendars), (end - begin).days + 1)
    symbols = {row.symbol_id: row.symbol for row in run(connection, "surveillance.symbols", {})}
    return Look(connection, accounts, symbols, Calendars(day_number(begin), table), since, until, lookback)


def _blocks(accounts: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, int]]:
    """Accounts in blocks of bounded trades, and how many there are up to the end of each."""
    total = accounts["trades"].to_numpy(np.int64).cumsum()
    begin = 0
    while begin < len(accounts):
        before = int(total[begin - 1]) if begin else 0
        end = int(np.searchsorted(total, before + BLOCK_TRADES, "right"))
        end = min(max(end, begin + 1), begin + BLOCK_ACCOUNTS)
        yield accounts.iloc[begin:end].reset_index(drop=True), end
        begin = end


def _moved(trades: Trades, by: int) -> Trades:
    """The trades with their accounts' places in the whole firm."""
    return replace(trades, place=trades.place + by)


def _violation(rule: str, version: int | None, case: Case, accounts: pd.DataFrame) -> Violation:
    values = {name: value for name, value in vars(case).items() if name != "place"}
    row = accounts.iloc[case.place]
    return Violation(
        rule=rule,
        rule_version_id=version,
        account=row["account"],
        account_id=int(row["account_id"]),
        **values,
    )


def _silent(what: str, done: int, total: int) -> None:
    """No progress wanted."""
