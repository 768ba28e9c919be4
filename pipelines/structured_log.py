"""The log of the runs as JSON lines under `<home>/logs/`: what Dagster logs, one line an event, one file a night.

    {"time", "level", "run_id", "job", "asset", "event", "message", "error"}

A file is named by the moment of its night; runs that belong to none, started by hand in the steward's view, share the
file of their day (UTC). The instance hands Dagster's log to the handler (`python_logs` in its settings), so that runs
from the command line, the daemon and the view all come here. Not here: what is logged.
"""

import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any

from pipelines.kept_nights import MOMENT_TAG, name_of

#: For the settings of the instance (`pipelines/instance.py`); `{home}` is the folder of Dagster under the home.
PYTHON_LOGS = """\
python_logs:
  dagster_handler_config:
    handlers:
      night:
        class: pipelines.structured_log.NightLog
        level: DEBUG
        folder: {home}/../logs
"""


def expect_python_logs() -> None:
    """Says to Python that this part of Dagster is used on purpose; it warns of it once a process as not yet final."""
    warnings.filterwarnings("ignore", message=".*yaml-defined logging configuration", category=Warning)


class NightLog(logging.Handler):
    """Writes Dagster's log records as JSON lines. Every line is written at once and whole, from any process."""

    def __init__(self, folder: str, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        self.folder = Path(os.path.normpath(folder))

    def emit(self, record: logging.LogRecord) -> None:
        """Adds a line to the file of the record's night; a log that cannot be written stops no night."""
        try:
            known = getattr(record, "dagster_meta", None) or {}
            line = json.dumps(line_of(record, known), ensure_ascii=False) + "\n"
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / file_of(known), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(handle, line.encode())
            finally:
                os.close(handle)
        except Exception:
            self.handleError(record)


def file_of(known: dict[str, Any]) -> str:
    """The file for a record, by what Dagster knows of its run."""
    moment = (known.get("job_tags") or {}).get(MOMENT_TAG)
    return f"{name_of(moment) if moment else str(known.get('log_timestamp', 'unknown'))[:10]}.jsonl"


def line_of(record: logging.LogRecord, known: dict[str, Any]) -> dict[str, Any]:
    """A record as it is written; `asset` is empty for what belongs to the run as a whole."""
    event = known.get("dagster_event")
    error = getattr(getattr(event, "event_specific_data", None), "error", None)
    return {
        "time": f"{known['log_timestamp'][:23]}Z" if known.get("log_timestamp") else None,
        "level": record.levelname,
        "run_id": known.get("run_id"),
        "job": known.get("job_name"),
        "asset": str(known.get("step_key") or "").replace("__", "/", 1),
        "event": getattr(event, "event_type_value", None),
        "message": known.get("orig_message") or record.getMessage(),
        "error": error.to_string() if error is not None else None,
    }
