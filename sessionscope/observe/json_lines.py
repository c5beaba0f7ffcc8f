"""Formats the log as JSON lines. This needs the package python-json-logger."""

# The library's annotations leave type parameters open:
# pyright: reportUnknownMemberType=false

import logging
from datetime import UTC, datetime
from typing import Any, Final

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonEncoder, JsonFormatter

# uvicorn adds its message with codes for the terminal's colours.
_LEFT_OUT: Final = (*RESERVED_ATTRS, "color_message")


class JsonLinesFormatter(JsonFormatter):
    """Formats a record as a JSON object in one line. docs/operating.md lists its fields."""

    def __init__(self) -> None:
        super().__init__(["message"], rename_fields={"exc_info": "exception"}, reserved_attrs=_LEFT_OUT)  # pyright: ignore[reportUnknownMemberType]
        self._encode = JsonEncoder().encode

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """Return the object as text. The base class makes an encoder for each line, which takes longer."""
        return self._encode(log_data)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Add the fields that every line has, and then those of this record."""
        written = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["timestamp"] = written.replace("+00:00", "Z")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        super().add_fields(log_data, record, message_dict)
