"""
What runs the daemon as a service of the operating system: a unit of systemd, or the file of WinSW for Windows.

Both are made from the settings, so that a service may write where the daemon writes and nowhere else.

Source: systemd.exec(5), systemd.service(5), systemd.syntax(7); WinSW, doc/xmlConfigFile.md (version 2.11 and later).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import list2cmdline

from lxml import etree

from runner.app.site import load_settings, settings_path
from runner.settings import Settings

_STOP_S = 20
"""The daemon needs at most 10 of them; after that it is killed, which is safe."""
_LOW_PORTS = 1024
_HARDENING = (
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "ProtectControlGroups=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
)
"""What a daemon that opens files and connections never needs."""


def systemd_unit(named: str | Path | None, user: str) -> str:
    """
    Give the unit of the daemon of these settings, for ``/etc/systemd/system/eeszt-runner.service``.

    Args:
        named: The settings file, as the command line names it.
        user: The system's user that the daemon runs as.

    Raises:
        ProblemsError: The settings are wrong.
    """
    file, settings = settings_path(named).resolve(), load_settings(named)
    port = int(settings.login.listen.rpartition(":")[2]) if settings.login is not None else 0
    capability = "CAP_NET_BIND_SERVICE" if 0 < port < _LOW_PORTS else ""
    lines = [
        "# Made by `eeszt-runner service systemd`; make it anew when a folder in the settings changes.",
        "[Unit]",
        f"Description=EESZT connection of MedWorkS ({_plain(settings.runner.name)})",
        "Wants=network-online.target",
        "After=network-online.target time-sync.target",
        "# Whatever keeps it from starting, it tries again: a hospital's night has no other remedy.",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        f"User={user}",
        f"WorkingDirectory={_plain(str(file.parent))}",
        f"ExecStart={' '.join(_quoted(each, command=True) for each in _command(file))}",
        "Restart=always",
        "RestartSec=5",
        "# SIGTERM: it finishes or gives back what it holds.",
        f"TimeoutStopSec={_STOP_S}",
        *_key_lines(settings),
        "UMask=0077",
        "# It reads the settings' folders, writes these, and nothing else.",
        "ProtectSystem=strict",
        f"ReadWritePaths={' '.join(_quoted(str(each)) for each in written_folders(settings))}",
        "ProtectHome=read-only",
        "PrivateTmp=yes",
        *([] if _has_token(settings) else ["PrivateDevices=yes"]),
        "NoNewPrivileges=yes",
        f"CapabilityBoundingSet={capability}",
        *([f"AmbientCapabilities={capability}"] if capability else []),
        *_HARDENING,
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"


def windows_service(named: str | Path | None, user: str) -> str:
    """
    Give the file of WinSW, to lie beside its program, with the same name and ``.xml``.

    Args:
        named: The settings file, as the command line names it.
        user: The account that the daemon runs as; one that needs no password here.

    Raises:
        ProblemsError: The settings are wrong.
    """
    file, settings = settings_path(named).resolve(), load_settings(named)
    top = etree.Element("service")
    top.append(etree.Comment(" Made by `eeszt-runner service windows`, to be run by WinSW. "))

    def add(name: str, text: str | None = None, **attributes: str) -> None:
        etree.SubElement(top, name, attributes).text = text

    add("id", "eeszt-runner")
    add("name", f"EESZT connection of MedWorkS ({settings.runner.name})")
    add("description", "Carries rows of MedWorkS to the EESZT and the answers back.")
    program, *arguments = _command(file)
    add("executable", program)
    add("arguments", list2cmdline(arguments))
    add("workingdirectory", str(file.parent))
    add("startmode", "Automatic")
    add("onfailure", action="restart", delay="5 sec")
    add("stoptimeout", f"{_STOP_S} sec")
    add("log", mode="roll")
    etree.SubElement(etree.SubElement(top, "serviceaccount"), "username").text = user
    return etree.tostring(top, encoding="unicode", pretty_print=True)


def written_folders(settings: Settings) -> list[Path]:
    """Give every folder that the daemon writes to, those within another one of them included, in the order of names."""
    folders = {settings.runner.state_dir, settings.audit.folder}
    if settings.database.path is not None:
        folders.add(settings.database.path.parent)  # SQLite keeps files beside it
    if settings.log.file is not None:
        folders.add(settings.log.file.parent)
    return sorted(folders)


def _command(file: Path) -> list[str]:
    program = Path(sys.executable).parent / "eeszt-runner"
    start = [str(program)] if program.is_file() else [sys.executable, "-m", "runner"]
    return [*start, "--settings", str(file), "run"]


def _key_lines(settings: Settings) -> Iterator[str]:
    name = settings.sealing.key_variable
    if name is not None:
        yield f"# {name}=… stands in this file, which root alone may read (rights 600)."
        yield "EnvironmentFile=/etc/eeszt-runner/sealing.env"


def _has_token(settings: Settings) -> bool:
    return settings.technical_user is not None and settings.technical_user.token_module is not None


def _plain(text: str) -> str:
    """Escape for a value that is taken as it stands to the line's end."""
    return text.replace("%", "%%")


def _quoted(text: str, *, command: bool = False) -> str:
    """Escape for a list of words; a command's words know variables too."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text.replace("$", "$$") if command else text}"'
