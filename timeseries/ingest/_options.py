"""What a person may say about a file that the file does not say itself."""

from dataclasses import dataclass

__all__ = ["LoadOptions", "StatementOptions"]


@dataclass(frozen=True)
class LoadOptions:
    """How to read any file.

    Attributes:
        time_zone: where clocks stood that wrote times without a zone: an IANA name or ``+HH:MM``.
            None refuses such times, except in MT4 statements, which never name theirs: those are read as UTC.
    """

    time_zone: str | None = None


@dataclass(frozen=True)
class StatementOptions(LoadOptions):
    """What an MT4 statement leaves open.

    Attributes:
        account: the firm's name of the account; by default the number in the statement.
        currency: by default the one in the statement.
        plan: a plan that exists, for an account that does not yet. By default ``no-limits-<currency>``,
            made when missing: no limits, days from 00:00 UTC.
        account_group: for an account that does not exist yet.
    """

    account: str | None = None
    currency: str | None = None
    plan: str | None = None
    account_group: str | None = None
