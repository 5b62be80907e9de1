"""The control port: plain HTTP on loopback, for the judge of a test and for whoever plays the pharmacy."""

from __future__ import annotations

import json
import uuid
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Any

from runner.simulator.fault import FAULTS
from runner.simulator.publication import Publications
from runner.simulator.refusal import SimulatorError
from runner.simulator.register import Change, Document, now_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.simulator.fault import Faults
    from runner.simulator.pack import Pack
    from runner.simulator.register import Register
    from runner.simulator.script import Script
    from runner.simulator.turn import Log

_GIVEN = ("own_reference", "workplace", "patient", "user", "role", "message_id", "created", "state", "id")


class Control:
    """What the control port can do."""

    def __init__(
        self,
        pack: Pack,
        script: Script,
        register: Register,
        faults: Faults,
        log: Log,
        publications: Publications | None = None,
    ) -> None:
        self._pack = pack
        self._script = script
        self._register = register
        self._faults = faults
        self._log = log
        self._publications = publications or Publications({})

    def get(self, path: str) -> Any:
        """
        The JSON value under a path.

        Raises:
            KeyError: There is nothing.
        """
        readers: dict[str, Callable[[], Any]] = {
            "/register": self._register.as_json,
            "/log": self._log.entries,
            "/faults": lambda: {"known": _sentences(), "active": self._faults.active()},
            "/": lambda: {"contract": self._pack.contract, "moves": sorted(self._script.moves)},
        }
        return readers[path]()

    def post(self, path: str, content: dict[str, Any]) -> Any:
        """
        Do what the path says.

        Raises:
            KeyError: There is no such path.
            SimulatorError: It cannot be done.
        """
        if path == "/faults":
            args = content.get("args") or {}
            self._faults.add(str(content.get("fault")), content.get("operation"), content.get("times"), args)
            return {"active": self._faults.active()}
        if path == "/documents":
            return self._add(content)
        if path == "/publications":
            return self._publications.change(content)
        return self._move(path.strip("/"), str(content.get("id")))

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._faults.clear()

    def _add(self, content: dict[str, Any]) -> dict[str, str]:
        operation = str(content.get("operation"))
        if operation not in self._pack.operations:
            raise SimulatorError(f"the pack has no operation {operation!r}")
        act = self._script.acts.get(operation)
        values: dict[str, Any] = {
            "id": self._register.new_id(),
            "message_id": "",
            "user": "",
            "role": "",
            "created": now_text(),
            "state": act.state if act is not None else "",
            "own_reference": uuid.uuid4().urn,
            **{name: str(content[name]) for name in _GIVEN if content.get(name) is not None},
        }
        fields = {str(k): str(v) for k, v in (content.get("fields") or {}).items()}
        self._register.add(Document(operation=operation, fields=fields, **values))
        return {"id": values["id"]}

    def _move(self, name: str, identifier: str) -> dict[str, str]:
        move = self._script.moves[name]

        def allow(document: Document) -> None:
            if document.state not in move.before:
                raise SimulatorError(f"{identifier} is {document.state}; {name} needs {', '.join(sorted(move.before))}")

        if self._register.find(identifier) is None:
            raise SimulatorError(f"there is no document {identifier!r}")
        changed = self._register.change(identifier, allow, Change(move.after, name))
        return {"id": identifier, "state": changed.state}


class ControlServer(ThreadingTCPServer):
    """Serves the control port."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, control: Control) -> None:
        self.control = control
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's trouble."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30
    server: ControlServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Nothing is logged."""

    def do_GET(self) -> None:
        """Read."""
        self._answer(lambda: self.server.control.get(self.path))

    def do_DELETE(self) -> None:
        """Clear; only faults can be."""
        if self.path != "/faults":
            self._send(404, {"error": "only /faults can be deleted"})
            return
        self.server.control.clear_faults()
        self._send(200, {"active": []})

    def do_POST(self) -> None:
        """Do something."""
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(lambda: self.server.control.post(self.path, json.loads(data or b"{}")))

    def _answer(self, work: Callable[[], Any]) -> None:
        try:
            self._send(200, work())
        except KeyError:
            self._send(404, {"error": f"there is no {self.path}"})
        except (SimulatorError, ValueError, TypeError, AttributeError) as exc:
            self._send(400, {"error": str(exc)})

    def _send(self, status: int, content: Any) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _sentences() -> dict[str, str]:
    return {name: (fault.__doc__ or "").strip() for name, fault in FAULTS.items()}
