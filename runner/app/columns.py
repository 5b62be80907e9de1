"""The mappings' fields against the columns of the site's database, where one is at hand."""

from __future__ import annotations

from pathlib import Path

from runner.app.database import refuse_missing, store_of
from runner.app.site import Folders, load_settings, settings_path
from runner.errors import ProblemsError, RunnerError
from runner.mapping.columns import check_columns as check
from runner.mapping.problems import Problems


def check_columns(named: str | Path | None, folders: Folders, problems: Problems) -> str:
    """
    Look whether source queries and copies fit the database that the settings name.

    Args:
        named: The settings file, or None: as for every command.
        folders: Of the mappings, which are good by themselves.
        problems: Gets what does not fit.

    Returns:
        Which database was looked at, or why none.
    """
    if named is None and not settings_path(None).exists():
        return "not compared, there is no settings file that names a database"
    try:
        settings = load_settings(named)
        refuse_missing(settings.database)
        mappings = folders.load()
        store = store_of(settings, mappings.outboxes)
    except (ProblemsError, RunnerError) as error:
        return f"not compared, no database can be opened ({_first(error)})"
    try:
        store.outbox.identity()
        check(mappings.types, folders.mappings, store.shapes, problems)
    except RunnerError as error:
        return f"not compared, the database cannot be asked ({error})"
    finally:
        store.close()
    if settings.database.path is not None:
        return f"names compared with {settings.database.where}; SQLite knows no lengths, Oracle does"
    return f"compared with {settings.database.where}"


def _first(error: ProblemsError | RunnerError) -> str:
    return str(error.problems[0] if isinstance(error, ProblemsError) else error)
