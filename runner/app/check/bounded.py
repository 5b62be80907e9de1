"""Work that may hang, done side by side with an end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from runner.eeszt.http import NotSentError
from runner.errors import RunnerError

GRACE_S = 3.0
"""Beyond the time-outs of connection and answer, for the look-up of a name, which has none of its own."""


def all_within(seconds: float, works: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """
    Do everything side by side; what came of each: its result, its fault, or that it took too long.

    A thread that still hangs then is left behind; it ends with the process.
    """
    done: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def work(name: str, doing: Callable[[], Any]) -> None:
        try:
            done.put((name, doing()))
        except (NotSentError, RunnerError) as error:
            done.put((name, error))
        except Exception as error:  # noqa: BLE001  told by who asked, so that no thread dies unheard
            done.put((name, NotSentError(type(error).__name__)))

    for name, doing in works.items():
        threading.Thread(target=work, args=(name, doing), name=f"check-{name}", daemon=True).start()
    found: dict[str, Any] = {}
    until = monotonic() + seconds
    while len(found) < len(works):
        try:
            name, result = done.get(timeout=max(0.0, until - monotonic()))
        except queue.Empty:
            break
        found[name] = result
    return {name: found.get(name, NotSentError("timed out")) for name in works}
