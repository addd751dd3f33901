"""What a running scheduler tells over HTTP: metrics for Prometheus, and whether it is healthy."""

from jobs.web._server import Server, serve_in_background

__all__ = ["Server", "serve_in_background"]
