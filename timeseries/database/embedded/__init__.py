"""The embedded TimescaleDB: PostgreSQL compiled to WebAssembly, behind an ordinary PostgreSQL socket.

``start`` gives the running server's URL, starting it if need be; ``status`` and ``stop`` do as they say.
One directory holds the data, the password (mode 600), the server's address and its log.
"""

from timeseries.database.embedded._server import ServerState, start, status, stop

__all__ = ["ServerState", "start", "status", "stop"]
