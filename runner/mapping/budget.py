"""
How much one run of a mapping may do: steps and written characters, so that no loop, macro or filter runs without end.

The sandbox of Jinja bounds what is reached and not how long it lasts. A step is an iteration, a call or a filter; what
it handles counts with its length, and the time that the thread has really worked is looked at now and then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2.exceptions import SecurityError

MOST = 50_000_000
"""Characters and elements that one run may handle; a step counts as fifty."""

MOST_S = 5.0
"""Seconds of the thread's own work; a run takes milliseconds."""

_STEP = 50
_LOOK_EVERY = 64


class _Budget(threading.local):
    def __init__(self) -> None:
        self.left = MOST
        self.steps = 0
        self.until = float("inf")


_budget = _Budget()


def begin() -> None:
    """Start counting anew: a row's expressions, a row's template, the compilation of a file."""
    _budget.left = MOST
    _budget.steps = 0
    _budget.until = time.thread_time() + MOST_S


def spend(amount: int = 0) -> None:
    """
    Count a step that handles so much.

    Raises:
        SecurityError: It is more than any mapping needs.
    """
    own = _budget.__dict__  # this thread's; looked up once, since this runs for every value that is written
    own["left"] = left = own["left"] - amount - _STEP
    own["steps"] = steps = own["steps"] + 1
    if left < 0 or (steps % _LOOK_EVERY == 0 and time.thread_time() > own["until"]):
        raise SecurityError("it does more than any mapping needs")


def counted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a filter or test count what it is given."""

    @wraps(function)
    def counting(*args: Any, **kwargs: Any) -> Any:
        amount = 0
        for each in args:  # no generator: this runs for every filter of every row
            if isinstance(each, (str, list, tuple)):
                amount += len(each)
        spend(amount)
        return function(*args, **kwargs)

    return counting
