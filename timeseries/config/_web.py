"""Settings of the pages and the HTTP interface: ``[web]``."""

from dataclasses import dataclass, field

__all__ = ["WebSettings"]

MOST_CONNECTIONS = 100


@dataclass(frozen=True)
class WebSettings:
    """How pages and HTTP interface are served.

    Attributes:
        listen: address and port, such as ``127.0.0.1:8080``; off the loopback interface every call needs a
            token.
        read_url: a database login for what is only read; None reads with the login of everything else, in a
            role that cannot write.
        requests_per_minute: what one token, or one address without a token, may ask for; 0: without limit.
        pool: connections kept open to the database.
        require_tokens: ask for tokens on the loopback interface too, as behind a proxy on this machine.
    """

    listen: str = "127.0.0.1:8080"
    read_url: str | None = field(default=None, repr=False)
    requests_per_minute: int = 600
    pool: int = 8
    require_tokens: bool = False

    def broken_rules(self) -> list[str]:
        """What nobody could serve with, a sentence each."""
        rules = {
            "requests_per_minute in [web] must be 0 to 1000000": 0 <= self.requests_per_minute <= 1_000_000,
            "pool in [web] must be 1 to 100": 1 <= self.pool <= MOST_CONNECTIONS,
            "listen in [web] must not be empty": bool(self.listen),
        }
        return [sentence for sentence, holds in rules.items() if not holds]
