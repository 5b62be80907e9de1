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
    left = MOST
    steps = 0
    until = float("inf")


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
    _budget.left -= amount + _STEP
    _budget.steps += 1
    if _budget.left < 0 or (_budget.steps % _LOOK_EVERY == 0 and time.thread_time() > _budget.until):
        raise SecurityError("it does more than any mapping needs")


def counted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a filter or test count what it is given."""

    @wraps(function)
    def counting(*args: Any, **kwargs: Any) -> Any:
        spend(sum(len(each) for each in args if isinstance(each, str | list | tuple)))
        return function(*args, **kwargs)

    return counting
