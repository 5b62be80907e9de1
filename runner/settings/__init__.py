"""
The settings of one runner: one TOML file, read once, checked whole, never holding a secret.

``load`` gives frozen sections or all problems at once with file and line. What a setting means stands in the docstring
of its section, from which ``docs/reference/settings.md`` is made.
"""

from runner.settings.audit import Audit
from runner.settings.clock import Clock
from runner.settings.database import Database
from runner.settings.files import changeable_files, exposed_secrets, unreadable_files
from runner.settings.page import settings_page
from runner.settings.reading import chosen, load, shipped
from runner.settings.retention import Retention
from runner.settings.sections import (
    Eeszt,
    Institution,
    Log,
    Login,
    Runner,
    Sealing,
    Settings,
    Site,
    TechnicalUser,
    Tls,
)
from runner.settings.working import Breaker, Lane, Waits

__all__ = [
    "Audit",
    "Breaker",
    "Clock",
    "Database",
    "Eeszt",
    "Institution",
    "Lane",
    "Log",
    "Login",
    "Retention",
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
