"""Who may see and do what: readers that the database itself holds to their groups, and the API's tokens."""

from timeseries.access._reader import reader
from timeseries.access._tokens import (
    NO_GROUPS,
    SCOPES,
    NewToken,
    Token,
    TokenRecord,
    create_token,
    find_token,
    list_tokens,
    revoke_token,
    rotate_token,
)

__all__ = [
    "NO_GROUPS",
    "SCOPES",
    "NewToken",
    "Token",
    "TokenRecord",
    "create_token",
    "find_token",
    "list_tokens",
    "reader",
    "revoke_token",
    "rotate_token",
]
