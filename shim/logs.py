"""How events become lines: one bounded line each on standard output, without secrets, whoever logs.

Knows structlog and the standard library's loggers; refuses to know what the events are about. Our own events are
constants with fields. Of a library's message only its unformatted first line is kept, for the values in it are the
caller's; of an exception only class names and our own frames, for aiohttp's carry bearers and query strings.
"""

import contextlib
import logging
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Final, Literal, TextIO

import stamina
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shim.redaction import redact_event

LOST_EVENT: Final = "log.event_lost"
LIBRARY_EVENT: Final = "library.message_logged"
_ROOT: Final = Path(__file__).resolve().parent.parent
_ROOMS: Final = ("shim", "adapters", "contracts")
_MOST_NAMES: Final = 8


Level = Literal["debug", "info", "warning", "error", "critical"]


def configure(*, format: Literal["json", "console"], level: Level) -> None:
    """Sends every event of this process, ours and the libraries', to standard output; may be called again."""
    least = logging.getLevelNamesMapping()[level.upper()]
    common: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _describe_failure,
    ]
    handler = _OneLineHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_name_library_event, *common],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact_event, _renderer(format)],
            use_get_message=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(least)
    _tame_libraries()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: logging.getLogger("shim"),
        cache_logger_on_first_use=False,
    )


def _tame_libraries() -> None:
    logging.captureWarnings(True)
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
    # It logs bytes of requests that it cannot parse; the server counts those itself.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    # A line for every retry would be hundreds in an outage; attempts are counted instead.
    stamina.instrumentation.set_on_retry_hooks(())
    # One line a request is ours to write, without the raw target.
    logging.getLogger("aiohttp.access").disabled = True


def _renderer(format: str) -> Processor:
    if format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), sort_keys=False)


def _name_library_event(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A library's message under one constant name: its own words without the values it would put in."""
    record: logging.LogRecord = event["_record"]
    # A Python warning arrives as "%s" and is all value; its text is its author's, and masked like any other.
    words = record.getMessage() if record.name == "py.warnings" else record.msg
    lines = words.splitlines() if isinstance(words, str) else [f"<{type(words).__name__}>"]
    event.update(event=LIBRARY_EVENT, logger=record.name, text=lines[0] if lines else "")
    return event


def _describe_failure(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """An exception as the classes of its chain and our own frames; its text and the values in its frames stay out."""
    event.pop("stack_info", None)
    failure = _failure(event.pop("exc_info", None))
    if failure is not None:
        event["failure"] = [_class_name(link) for link in islice(_chain(failure), _MOST_NAMES)]
        event["frames"] = list(_frames(failure.__traceback__))[-_MOST_NAMES:]
    return event


def _failure(exc_info: object) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as failure, _):
            return failure
        case _ if exc_info:
            return sys.exception()
        case _:
            return None


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """The failure, what it groups and what caused it, outermost first."""
    waiting = [failure]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += link.exceptions if isinstance(link, BaseExceptionGroup) else ()
        cause = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        waiting += [cause] if cause else []


def _class_name(failure: BaseException) -> str:
    kind = type(failure)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _frames(traceback: TracebackType | None) -> Iterator[str]:
    for frame, line in walk_tb(traceback):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in _ROOMS:
            yield f"{path.relative_to(_ROOT).as_posix()}:{line} {frame.f_code.co_name}"


class _OneLineHandler(logging.StreamHandler[TextIO]):
    """A stream handler that never shows what it could not write: the standard one prints the raw arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - its signature
        """Says that an event was lost, when even that can be written."""
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f'{{"event": "{LOST_EVENT}", "level": "error"}}\n')
            self.flush()
