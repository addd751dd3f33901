"""Finding out what a file is, before anything of it is loaded."""

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO

from timeseries.errors import InputError

__all__ = ["Format", "Source", "inspect", "open_bytes"]

BLOCK = 1 << 20


class Format(Enum):
    """How a file is written."""

    CSV = "CSV"
    CSV_GZIP = "gzip CSV"
    PARQUET = "Parquet"
    STATEMENT = "MT4 statement"


@dataclass(frozen=True)
class Source:
    """A file that can be read.

    Attributes:
        sha256: of its bytes, in hexadecimal.
        lines: line ends in a CSV file; 0 for others.
    """

    path: Path
    format: Format
    sha256: str
    lines: int

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.name


def inspect(path: Path) -> Source:
    """Tell a file's format by its content, and make sure that all of it can be read.

    A damaged file is found here, so that nothing of it is loaded.

    Raises:
        InputError: it is missing, a folder, empty, damaged, not UTF-8, or in a format that cannot be read.
    """
    with _reading(path):
        found = _format(path)
        digest, lines = hashlib.sha256(), 0
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
        if found in (Format.CSV, Format.CSV_GZIP):
            lines = _check_text(path)
        return Source(path, found, digest.hexdigest(), lines)


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The content of a CSV file, unpacked."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        if not packed:
            yield stream
            return
        with gzip.GzipFile(fileobj=stream) as unpacked:
            yield unpacked  # type: ignore[misc]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder; name the files in it.") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path} is damaged or cut off: its gzip data cannot be unpacked to the end."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text; save it as UTF-8 CSV.") from error
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error


def _format(path: Path) -> Format:
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head:
        raise InputError(f"{path} is empty.")
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").lstrip()
    if text.startswith(b"<"):
        return _html_format(path, text)
    if head.startswith(b"PK\x03\x04"):
        raise InputError(f"{path} is an Excel or zip file; save its rows as CSV or Parquet.")
    if head.startswith(b"PAR1"):
        return Format.PARQUET
    if path.suffix.lower() in (".parquet", ".pq"):
        raise InputError(f"{path} is not a Parquet file, whatever its name says.")
    return Format.CSV_GZIP if head.startswith(b"\x1f\x8b") else Format.CSV


def _html_format(path: Path, head: bytes) -> Format:
    if b"MetaTrader 5" in head or b"Trade History Report" in head or b"ReportHistory" in head:
        raise InputError(f"{path} is a MetaTrader 5 report, which cannot be read; export its deals as CSV.")
    if b"Statement" not in head:
        raise InputError(f"{path} is a web page, but not an MT4 statement.")
    return Format.STATEMENT


def _check_text(path: Path) -> int:
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 0
    last = b""
    with open_bytes(path) as stream:
        while block := stream.read(BLOCK):
            decoder.decode(block)
            lines += block.count(b"\n")
            last = block
    decoder.decode(b"", final=True)
    return lines + (not last.endswith(b"\n"))
