"""Which files a site consists of: its settings and the folders of the integrator's language."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from runner import mapping
from runner.mapping.outboxes import OutboxConfig, read_outboxes
from runner.mapping.problems import Problems
from runner.settings import Settings, chosen, load, shipped

DEFAULT_SETTINGS = "runner.toml"
SETTINGS_VARIABLE = "EESZT_RUNNER_SETTINGS"


def settings_path(named: str | Path | None) -> Path:
    """Give the settings file to use: the named one, the environment's, or ``runner.toml`` here."""
    return Path(named or os.environ.get(SETTINGS_VARIABLE) or DEFAULT_SETTINGS)


def load_settings(named: str | Path | None) -> Settings:
    """Read the settings file."""
    return load(settings_path(named))


@dataclass(frozen=True, slots=True)
class Folders:
    """
    Where the files of the integrator's language are.

    Attributes:
        mappings: ``mappings``.
        templates: ``templates``.
        sources: ``sql/sources``.
        contract: The pack's folder, or its name below ``contract``; None: the only one there.
        overrides: The settings' values for rules.
    """

    mappings: Path
    templates: Path
    sources: Path
    contract: str | Path | None = None
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def load(self) -> mapping.Mappings:
        """Load everything, or raise all its problems."""
        return mapping.load_mappings(
            self.mappings, self.templates, self.sources, contract=self.contract, overrides=self.overrides
        )

    def pack(self) -> mapping.ContractPack:
        """Load the contract alone, or raise all its problems."""
        return mapping.load_chosen_pack(self.mappings, self.contract)


def folders(named: str | Path | None, contract: str | None = None) -> Folders:
    """Give the folders of the site, or those that are shipped where no settings file is named or lies here."""
    if named is None and not settings_path(None).exists():
        return Folders(shipped("mappings"), shipped("templates"), shipped("sql") / "sources", contract)
    settings = load_settings(named)
    site = settings.site
    return Folders(site.mappings, site.templates, site.sources, contract or settings.eeszt.contract, settings.rules)


def default_pack() -> Path:
    """Give the folder of the contract pack that is shipped."""
    return shipped("mappings") / "contract" / "reference-1"


def mappings_of(settings: Settings) -> mapping.Mappings:
    """Load the mappings that the settings name, with the site's overrides."""
    site = settings.site
    mappings = Folders(site.mappings, site.templates, site.sources, settings.eeszt.contract, settings.rules).load()
    waits = chosen(settings.waits)
    types = {name: replace(kind, waits=replace(kind.waits, **waits)) for name, kind in mappings.types.items()}
    return replace(mappings, types=types)


def outboxes_of(settings: Settings) -> dict[str, OutboxConfig]:
    """
    Give lane → outbox as the site declares them, without the document types.

    Raises:
        ProblemsError: Something is wrong with ``outboxes.yaml``.
    """
    problems = Problems()
    outboxes = read_outboxes(settings.site.mappings / "outboxes.yaml", problems)
    problems.raise_any()
    return outboxes
