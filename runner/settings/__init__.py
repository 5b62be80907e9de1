"""
The settings of one runner: one TOML file, read once, checked whole, never holding a secret.

``load`` gives frozen sections or all problems at once with file and line. What a setting means stands in the docstring
of its section, from which ``docs/reference/settings.md`` is made.
"""

from runner.settings.files import changeable_files, exposed_secrets, unreadable_files
from runner.settings.page import settings_page
from runner.settings.reading import chosen, load, shipped
from runner.settings.sections import (
    Breaker,
    Database,
    Eeszt,
    Institution,
    Lane,
    Log,
    Login,
    Runner,
    Sealing,
    Settings,
    Site,
    TechnicalUser,
    Tls,
    Waits,
)

__all__ = [
    "Breaker",
    "Database",
    "Eeszt",
    "Institution",
    "Lane",
    "Log",
    "Login",
    "Runner",
    "Sealing",
    "Settings",
    "Site",
    "TechnicalUser",
    "Tls",
    "Waits",
    "changeable_files",
    "chosen",
    "exposed_secrets",
    "load",
    "settings_page",
    "shipped",
    "unreadable_files",
]
