"""A client of the control port, for tests and the demo."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from runner.simulator.refusal import SimulatorError

_TIMEOUT_S = 10


class SimulatorControl:
    """What a judge can ask of a running simulator."""

    def __init__(self, url: str) -> None:
        """
        Name the simulator.

        Args:
            url: Its control address, as ``simulator.json`` says.
        """
        self._url = url.rstrip("/")

    def register(self) -> list[dict[str, Any]]:
        """All documents it accepted, oldest first."""
        found: list[dict[str, Any]] = self._ask("GET", "/register")
        return found

    def log(self) -> list[dict[str, Any]]:
        """Every request and how it ended, oldest first."""
        found: list[dict[str, Any]] = self._ask("GET", "/log")
        return found

    def faults(self) -> dict[str, str]:
        """The names of all faults, each with a sentence."""
        known: dict[str, str] = self._ask("GET", "/faults")["known"]
        return known

    def fault(self, name: str, *, operation: str | None = None, times: int | None = None, **args: Any) -> None:
        """
        Switch a fault on.

        Args:
            name: One of `faults`.
            operation: Regular expression searched in ``service.Operation``; None is every operation, the STS too.
            times: How many requests it meets; None is until `clear`.
            args: The fault's own.
        """
        self._ask("POST", "/faults", {"fault": name, "operation": operation, "times": times, "args": args})

    def clear(self) -> None:
        """Switch all faults off."""
        self._ask("DELETE", "/faults")

    def dispense(self, identifier: str) -> None:
        """Dispense a prescription, as a pharmacy does."""
        self.move("dispense", identifier)

    def reserve(self, identifier: str) -> None:
        """Reserve a prescription, as a pharmacy does."""
        self.move("reserve", identifier)

    def move(self, name: str, identifier: str) -> None:
        """Do to a document what ``moves`` of simulator.yaml calls by that name."""
        self._ask("POST", f"/{name}", {"id": identifier})

    def add_document(self, operation: str, **values: Any) -> str:
        """Store a document that no message brought (patient, state, user, own_reference, fields …); its identifier."""
        return str(self._ask("POST", "/documents", {"operation": operation, **values})["id"])

    def publish(self, how: str = "good", **table: Any) -> None:
        """Serve the published code tables good, failing, flaky or with a changed total; entity and rows change one."""
        self._ask("POST", "/publications", {"how": how, **table})

    def _ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self._url + path, data=data, method=method)  # noqa: S310  always http
        # Loopback never goes through a proxy, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_TIMEOUT_S) as response:
                return json.load(response)
        except urllib.error.HTTPError as exc:
            with exc:
                raise SimulatorError(f"{method} {path}: {exc.read().decode(errors='replace')}") from exc
        except OSError as exc:
            raise SimulatorError(f"{method} {path}: the simulator does not answer: {exc}") from exc
