"""The published code tables: the public REST with its shape and its known flakiness."""

from __future__ import annotations

import json
import threading
from http import HTTPStatus
from typing import Any, Literal, cast, get_args
from urllib.parse import parse_qs, urlsplit

from runner.simulator.refusal import SimulatorError

PATH = "/torzspublikacio/getEntity"

How = Literal["good", "failing", "flaky", "changed_total"]


class Publications:
    """
    The tables, as ``publications`` of simulator.yaml gives them at the start.

    ``failing``: every page but the first; ``flaky``: each page fails once before it comes; ``changed_total``: the
    total grows from page to page.
    """

    def __init__(self, tables: dict[str, Any]) -> None:
        self._lock = threading.Lock()
        self._tables = tables
        self._how: How = "good"
        self._failed: set[tuple[str, int]] = set()

    def change(self, content: dict[str, Any]) -> dict[str, str]:
        """
        Change how the tables are served, or what one holds: ``{"how": …, "entity": …, "rows": [[…]]}``.

        Raises:
            SimulatorError: There is no such way, or no such table.
        """
        how = content.get("how", self._how)
        if how not in get_args(How):
            raise SimulatorError(f"tables are served {', '.join(get_args(How))}, not {how!r}")
        with self._lock:
            self._how = cast("How", how)
            self._failed.clear()
            if "entity" in content:
                if content["entity"] not in self._tables:
                    raise SimulatorError(f"there is no table {content['entity']!r}")
                self._tables[content["entity"]]["rows"] = content["rows"]
        return {"how": self._how}

    def page(self, path: str) -> tuple[HTTPStatus, bytes]:
        """Status and body of a page; other than 200 where there is none, as the real one does."""
        address = urlsplit(path)
        asked = parse_qs(address.query)
        try:
            entity, page, size = asked["entityId"][0], int(asked["page"][0]), int(asked["size"][0])
            with self._lock:
                table, how = self._tables[entity], self._how
                first_time = (entity, page) not in self._failed
                self._failed.add((entity, page))
        except (KeyError, ValueError):
            return HTTPStatus.NOT_FOUND, b"{}"
        rows = table["rows"][page * size : (page + 1) * size]
        if not rows and page:
            return HTTPStatus.NOT_FOUND, b"{}"
        if (how == "failing" and page) or (how == "flaky" and first_time):
            return HTTPStatus.INTERNAL_SERVER_ERROR, b"<html/>"
        content = {
            "fieldNames": [{"fieldId": str(n), "fieldName": name} for n, name in enumerate(table["fields"])],
            "entityRows": [{"fields": row} for row in rows],
            "totalRowCount": len(table["rows"]) + (page if how == "changed_total" else 0),
        }
        return HTTPStatus.OK, json.dumps(content, ensure_ascii=False).encode()
