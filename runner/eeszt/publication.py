"""
Published code tables, read page by page over the public REST of the törzspublikáció.

An answer is ``{"fieldNames": [{"fieldId", "fieldName"}], "entityRows": [{"fields": [...]}], "totalRowCount": n}``. The
service is flaky: a page is asked for again a few times, and a total that changes in mid-read spoils the whole read.

Source: two public clients of ``…/torzspublikacio-portlet/rest/torzsvizualizacio/getEntity``, one of them
petrizsolt/eeszt-portal-downloader; which columns hold a code and its days is the site's to say.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from runner.errors import fault

FAILURES = (OSError, ValueError, KeyError, TypeError, http.client.HTTPException)
"""What a page that cannot be read fails with."""

Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """
    How tables are read.

    Attributes:
        address: ``https://…/getEntity``.
        tls: Trust anchors.
        page_rows: Rows of a page.
        tries: How often a page is asked for.
        wait_s: Between two tries, seconds; doubled each time.
        timeout_s: Longest wait for a page.
        most_bytes: A longer page is not read.
    """

    address: str
    tls: ssl.SSLContext
    page_rows: int = 500
    tries: int = 4
    wait_s: float = 5.0
    timeout_s: float = 120.0
    most_bytes: int = 64 * 1024 * 1024


def read_table(reading: Reading, entity: str, wait: Callable[[float], None] = time.sleep) -> list[Row]:
    """
    Give all rows of a table, each as column → text.

    Raises:
        MappingError: RNR-2101, a page cannot be had, or the total changed while it was read; nothing may be kept of it.
    """
    rows: list[Row] = []
    total: int | None = None
    page = 0
    while total is None or len(rows) < total:
        names, found, now = _page(reading, entity, page, wait)
        if total is not None and now != total:
            raise fault(2101, entity, reason=f"its total changed from {total} to {now} while it was read")
        total = now
        if not found and len(rows) < total:
            raise fault(2101, entity, reason=f"page {page} is empty after {len(rows)} of {total} rows")
        rows += [dict(zip(names, values, strict=True)) for values in found]
        page += 1
    if len(rows) != total:
        raise fault(2101, entity, reason=f"{len(rows)} rows came instead of {total}")
    return rows


def _page(
    reading: Reading, entity: str, page: int, wait: Callable[[float], None]
) -> tuple[Sequence[str], Sequence[Sequence[str | None]], int]:
    reason = ""
    for number in range(reading.tries):
        if number:
            wait(reading.wait_s * 2 ** (number - 1))
        try:
            return _parsed(_asked(reading, f"entityId={quote(entity)}&page={page}&size={reading.page_rows}"))
        except FAILURES as error:
            reason = str(error.args[0]) if isinstance(error, _StatusError) else type(error).__name__
    raise fault(2101, entity, reason=f"page {page} could not be had in {reading.tries} tries: {reason}")


class _StatusError(ValueError):
    """The service answers with another status than 200."""


def _asked(reading: Reading, query: str) -> bytes:
    address = urlsplit(reading.address)
    connection = http.client.HTTPSConnection(
        address.hostname or "", address.port or 443, timeout=reading.timeout_s, context=reading.tls
    )
    try:
        connection.request("GET", f"{address.path}?{query}", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise _StatusError(f"status {answer.status}")
        body = answer.read(reading.most_bytes + 1)
    finally:
        connection.close()
    if len(body) > reading.most_bytes:
        raise _StatusError("a page beyond all measure")
    return body


def _parsed(body: bytes) -> tuple[Sequence[str], Sequence[Sequence[str | None]], int]:
    content: Any = json.loads(body)
    names = [str(each["fieldName"]) for each in content["fieldNames"]]
    rows = [list(_texts(row["fields"])) for row in content["entityRows"]]
    if any(len(row) != len(names) for row in rows):
        raise ValueError("a row of another width")
    return names, rows, int(content["totalRowCount"])


def _texts(values: Sequence[Any]) -> Iterator[str | None]:
    for value in values:
        yield None if value is None or value == "" else str(value)
