"""What a value of the settings file must look like."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated


class Form(StrEnum):
    """What a value must look like; the text stands in errors and on the page of settings."""

    TEXT = "text"
    COUNT = "a whole number of at least 1"
    DURATION = 'a duration such as "200ms", "5s", "10min", "8h" or "30d"'
    PATH = "a path, relative to this file"
    SECRET = "a path to a file that only the runner may read"  # noqa: S105 - a description, no secret
    ADDRESS = "an address that begins with https://"
    LISTEN = 'host and port such as "127.0.0.1:8443"'


Text = Annotated[str, Form.TEXT]
Count = Annotated[int, Form.COUNT]
Duration = Annotated[float, Form.DURATION]
Place = Annotated[Path, Form.PATH]
SecretPlace = Annotated[Path, Form.SECRET]
Address = Annotated[str, Form.ADDRESS]
Listen = Annotated[str, Form.LISTEN]
