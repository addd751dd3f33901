"""What a scheduler tells over HTTP: its metrics and its health."""

from jobs.web._server import Server, host_and_port, serve_in_background

__all__ = ["Server", "host_and_port", "serve_in_background"]
