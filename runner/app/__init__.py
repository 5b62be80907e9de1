"""
Puts the parts together: the only place that constructs and wires.

``site`` says which files a site consists of, ``database`` opens its database for commands, ``audit`` reads its log for
commands, ``service`` runs its daemon, ``check`` says whether it can be trusted.

A part is imported when it is first asked for, so that a command starts without what it does not use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.app.activation import activate, install_example
    from runner.app.adoption import adopt
    from runner.app.audit import make_audit_keys, search_audit, show_audit, verify_audit
    from runner.app.cards import endpoint_pin
    from runner.app.check.everything import SCHEMA, check_installation
    from runner.app.check.finding import Finding, Status
    from runner.app.check.schema import mending
    from runner.app.check.watch import watch_certificates, watch_clock
    from runner.app.codes import Synced, sync_codes
    from runner.app.columns import check_columns
    from runner.app.database import opened_desk, opened_his, opened_store
    from runner.app.logins import log_out, login_with_password
    from runner.app.schema import install_oracle, not_in_settings, oracle_files, oracle_scripts, oracle_site
    from runner.app.sealing import new_sealing_key
    from runner.app.service import Service, running
    from runner.app.site import Folders, default_pack, folders, load_settings, mappings_of
    from runner.app.story import legible, story_of
    from runner.app.units import systemd_unit, windows_service, written_folders

__all__ = [
    "SCHEMA",
    "Finding",
    "Folders",
    "Service",
    "Status",
    "Synced",
    "activate",
    "adopt",
    "check_columns",
    "check_installation",
    "default_pack",
    "endpoint_pin",
    "folders",
    "install_example",
    "install_oracle",
    "legible",
    "load_settings",
    "log_out",
    "login_with_password",
    "make_audit_keys",
    "mappings_of",
    "mending",
    "new_sealing_key",
    "not_in_settings",
    "opened_desk",
    "opened_his",
    "opened_store",
    "oracle_files",
    "oracle_scripts",
    "oracle_site",
    "running",
    "search_audit",
    "show_audit",
    "story_of",
    "sync_codes",
    "systemd_unit",
    "verify_audit",
    "watch_certificates",
    "watch_clock",
    "windows_service",
    "written_folders",
]

_HOMES = {
    "activation": ("activate", "install_example"),
    "adoption": ("adopt",),
    "audit": ("make_audit_keys", "search_audit", "show_audit", "verify_audit"),
    "cards": ("endpoint_pin",),
    "check.everything": ("SCHEMA", "check_installation"),
    "check.finding": ("Finding", "Status"),
    "check.schema": ("mending",),
    "check.watch": ("watch_certificates", "watch_clock"),
    "codes": ("Synced", "sync_codes"),
    "columns": ("check_columns",),
    "database": ("opened_desk", "opened_his", "opened_store"),
    "logins": ("log_out", "login_with_password"),
    "schema": ("install_oracle", "not_in_settings", "oracle_files", "oracle_scripts", "oracle_site"),
    "sealing": ("new_sealing_key",),
    "service": ("Service", "running"),
    "site": ("Folders", "default_pack", "folders", "load_settings", "mappings_of"),
    "story": ("legible", "story_of"),
    "units": ("systemd_unit", "windows_service", "written_folders"),
}


def __getattr__(name: str) -> Any:
    """Give a name of ``__all__`` from the module that defines it (PEP 562)."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
