"""docs/explanation/one_item.md names the functions that a prescription passes; here one passes them."""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from runner import app
from runner.daemon.deciding import _decided
from runner.demo.people import KOVACS, PATIENTS
from tests.acceptance.test_three_books import hospital

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "one_item.md"


def named_functions() -> list[str]:
    return re.findall(r"^\d+\. `(runner[\w.]+:[\w.]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def code_of(name: str) -> CodeType:
    module, qualified = name.split(":")
    found: Any = importlib.import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part)
    code = found.__code__
    assert isinstance(code, CodeType)
    return code


@contextmanager
def first_calls(codes: dict[CodeType, str]) -> Iterator[list[str]]:
    """The order in which the functions are first called, over all threads."""
    seen: list[str] = []

    def watch(frame: FrameType, event: str, _: object) -> None:
        name = codes.get(frame.f_code)
        if event == "call" and name is not None and name not in seen:
            seen.append(name)

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        yield seen
    finally:
        threading.setprofile(None)
        sys.setprofile(None)


@pytest.mark.slow
def test_a_prescription_passes_the_functions_that_the_page_names_in_that_order(tmp_path: Path) -> None:
    names = named_functions()
    assert len(names) == 17
    watched = threading.Event()
    with hospital(tmp_path / "site") as stage, first_calls({code_of(name): name for name in names}) as seen:

        def hook(step: str, _: object) -> None:
            if step == "claimed":  # what came before was idle rounds and the technical user's token
                keep = [name for name in seen if name in names[:2]]
                seen[:] = [name for name in names[:2] if name in keep]
            if step == "written_back":  # told from inside it; before, it looked for copies in vain
                seen[:] = [name for name in seen if name != names[-1]] + [names[-1]]
                watched.set()

        _decided.cache_clear()  # another test of this process may have asked the table the same
        with app.running(stage.site.settings, hook=hook):
            stage.medworks.prescribe(KOVACS, PATIENTS[0], "210002737", "1 tabletta")
            assert watched.wait(15)
    assert seen == names
