"""Secrets that stand in a file: `NAME_FILE` names it, and its content counts as the setting `NAME`.

Container platforms and systemd hand secrets over as files, so that they stand in no unit, compose file or process list.
Not here: what a secret is for.
"""

from collections.abc import Mapping, MutableMapping
from pathlib import Path

from pipelines.settings import SettingsError

#: Settings that may be given as a file. The AWS library has `_FILE` settings of its own; those are left alone.
SECRETS = (
    "KETENMONITOR_POSTGRES_URL",
    "KETENMONITOR_CKAN_TOKEN",
    "KETENMONITOR_ZENODO_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)


def secrets_from_files(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that files hold, by the name of the setting.

    Raises SettingsError where a file cannot be read or is empty, or where a setting is given twice.
    """
    found = {}
    for name in SECRETS:
        place = environment.get(f"{name}_FILE", "").strip()
        if not place:
            continue
        if environment.get(name):
            raise SettingsError(f"{name} and {name}_FILE are both set; expected one of both: remove the other")
        try:
            content = Path(place).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SettingsError(f"{name}_FILE is {place!r}, which cannot be read ({why})") from error
        if not content:
            raise SettingsError(f"{name}_FILE is {place!r}, which is empty; expected the secret on one line")
        found[name] = content
    return found


def take_secrets(environment: MutableMapping[str, str]) -> None:
    """Puts what files hold in the place of the settings that name them. Raises SettingsError as above."""
    for name, content in secrets_from_files(environment).items():
        environment[name] = content
        del environment[f"{name}_FILE"]
