"""Log lines: one bounded line an event, nobody's secrets, whoever logs and however it fails."""

import asyncio
import io
import json
import logging
import sys
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import aiohttp
import pytest
import structlog
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.errors import UpstreamBroken
from shim import logs
from shim.redaction import LINE_LIMIT, masked, one_line, redact_event

SECRET = "Zm9yLXRlc3RzLW9ubHk"
JWT = "eyJhbGciOiJIUzUxMiJ9.eyJhdWQiOiJleGFtcGxlIn0.c2lnbmF0dXJl"
FERNET_TOKEN = Fernet(urlsafe_b64encode(b"k" * 32)).encrypt(b"page two").decode()
CLIENT_KEY = "Q0a_7-" + "xY3" * 12 + "z"  # the form of secrets.token_urlsafe(32)
FERNET_KEY = urlsafe_b64encode(b"\xfb" * 32).decode()
RECOGNISED = [
    (f"Bearer {SECRET}", SECRET),
    (f"bearer%20{SECRET}", SECRET),
    (f"Authorization: Basic {SECRET}==", SECRET),
    (f"<CIMultiDictProxy('Authorization': 'Bearer {SECRET}')>", SECRET),
    (f"Cookie: first=1; session={SECRET}", SECRET),
    (f"/oauth/token?grant=x&access_token={SECRET}&page_size=30", SECRET),
    (f'{{"client_secret": "{SECRET}"}}', SECRET),
    (f"password={SECRET}", SECRET),
    (JWT, "c2lnbmF0dXJl"),
    (f"sealed {FERNET_TOKEN}", FERNET_TOKEN[20:]),
    (f"key {FERNET_KEY}.", FERNET_KEY),
    (f"alpha:{CLIENT_KEY},beta", CLIENT_KEY),
    (f"/v2/{CLIENT_KEY}?page_size=30", CLIENT_KEY),
    (f"grant_type=x&client_id=alpha&client_secret={SECRET}", SECRET),
]
HOSTILE = "a\nb\r\x1b[31m\x00\u2028\u202e\x9b\ud800"


@pytest.fixture(autouse=True)
def _untouched_logging() -> Iterator[None]:
    """Gives the process its own logging back after each test."""
    root, aiohttp_loggers = logging.getLogger(), [logging.getLogger(f"aiohttp{name}") for name in ("", ".server")]
    before = (root.handlers[:], root.level, [logger.level for logger in aiohttp_loggers])
    access = logging.getLogger("aiohttp.access")
    yield
    root.handlers[:], root.level, levels = before
    for logger, level in zip(aiohttp_loggers, levels, strict=True):
        logger.setLevel(level)
    access.disabled = False
    logging.captureWarnings(False)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


@pytest.fixture
def start(capsys):
    """Configures logging on the test's own standard output; gives a reader of the lines so far, parsed."""

    def configure():
        logs.configure(format="json", level="info")
        return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return configure


class TestOurEvents:
    """Events this service logs itself."""

    def test_an_event_is_one_json_object_with_time_level_and_fields(self, start, time_machine):
        """Name and fields stay as they were given, the time is UTC."""
        lines = start()
        time_machine.move_to("2026-03-10T09:30:00Z", tick=False)
        structlog.get_logger().info("request.answered", operation="list", status=200, seconds=0.25, cached=True)
        assert lines() == [
            {
                "event": "request.answered",
                "level": "info",
                "timestamp": "2026-03-10T09:30:00Z",
                "operation": "list",
                "status": 200,
                "seconds": 0.25,
                "cached": True,
            }
        ]

    def test_what_is_bound_to_the_request_is_on_its_lines(self, start):
        """A request id bound once stands on every event of its task."""
        lines = start()
        with structlog.contextvars.bound_contextvars(request_id="r-1"):
            structlog.get_logger().warning("budget.exhausted")
        structlog.get_logger().info("shim.started")
        assert [line.get("request_id") for line in lines()] == ["r-1", None]

    def test_events_below_the_level_are_not_written(self, start):
        """The level holds for our events and for libraries'."""
        lines = start()
        structlog.get_logger().debug("page.prefetched")
        logging.getLogger("asyncio").debug("Using selector")
        assert lines() == []

    def test_configuring_again_replaces_the_first_choice(self, capsys):
        """One event stays one line, in the format chosen last."""
        logs.configure(format="json", level="info")
        logs.configure(format="console", level="info")
        structlog.get_logger().info("shim.started", port=8080)
        (line,) = capsys.readouterr().out.splitlines()
        assert ("shim.started" in line, "port=8080" in line, "{" in line) == (True, True, False)

    def test_a_failure_is_told_by_its_classes_and_our_frames(self, start):
        """Of an exception neither its text nor a value of its frames is written."""
        lines = start()

        def refuse() -> None:
            try:
                raise ConnectionError(f"to {SECRET}")
            except ConnectionError as cause:
                raise UpstreamBroken(SECRET) from cause

        try:
            refuse()
        except UpstreamBroken:
            structlog.get_logger().exception("request.failed", status=502)
        (line,) = lines()
        assert (line["failure"], line["status"]) == (["adapters.errors.UpstreamBroken", "ConnectionError"], 502)
        assert line["frames"] == []
        assert SECRET not in json.dumps(line)

    def test_our_own_frames_are_named_by_file_line_and_function(self, start):
        """A failure inside this service says where, relative to the project."""
        lines = start()
        try:
            logs.configure(format="json", level="loud")  # type: ignore[arg-type]  # the failure wanted here
        except KeyError:
            structlog.get_logger().exception("shim.crashed")
        (line,) = lines()
        (frame,) = line["frames"]
        assert (frame.startswith("shim/logs.py:"), frame.endswith(" configure")) == (True, True)

    def test_a_group_of_failures_names_its_members(self, start):
        """What a task group raises is told member by member."""
        lines = start()
        group = ExceptionGroup(SECRET, [ValueError(SECRET), UpstreamBroken(SECRET)])
        structlog.get_logger().error("page.failed", exc_info=group)
        assert lines()[0]["failure"] == ["ExceptionGroup", "ValueError", "adapters.errors.UpstreamBroken"]

    def test_an_exception_that_is_not_there_is_no_failure(self, start):
        """`exc_info=True` outside of a handler adds nothing."""
        lines = start()
        structlog.get_logger().error("page.failed", exc_info=True)
        assert sorted(lines()[0]) == ["event", "level", "timestamp"]


class TestLibraries:
    """What aiohttp, asyncio and Python itself log."""

    def test_a_librarys_words_are_kept_and_its_values_are_not(self, start):
        """One constant event; the message is the library's template."""
        lines = start()
        logging.getLogger("aiohttp.client").warning("Could not read %s", SECRET)
        (line,) = lines()
        assert (line["event"], line["logger"], line["text"]) == (
            "library.message_logged",
            "aiohttp.client",
            "Could not read %s",
        )

    def test_a_message_whose_values_do_not_fit_is_still_a_line(self, start):
        """A library's mistake in its own arguments loses nothing, for they are not used."""
        lines = start()
        logging.getLogger("asyncio").warning("took %d seconds", SECRET)
        assert [line["text"] for line in lines()] == ["took %d seconds"]

    def test_an_object_as_message_is_named_by_its_class(self, start):
        """A logged exception object shows no text."""
        lines = start()
        logging.getLogger("asyncio").error(ValueError(SECRET))
        assert lines()[0]["text"] == "<ValueError>"

    async def test_a_forgotten_tasks_exception_shows_no_bearer(self, start):
        """What asyncio reports of a failed task holds aiohttp's repr with the caller's header; the line does not."""
        lines = start()
        headers = {"Authorization": f"Bearer {SECRET}"}
        async with aiohttp.ClientSession() as session:
            request = session.get("http://127.0.0.1:9/", headers=headers)
            with pytest.raises(aiohttp.ClientConnectorError) as failed:
                await request
        context = {"message": "Task exception was never retrieved", "exception": failed.value, "future": headers}
        asyncio.get_running_loop().call_exception_handler(context)
        (line,) = lines()
        assert line["text"] == "Task exception was never retrieved"
        assert line["failure"][0] == "aiohttp.client_exceptions.ClientConnectorError"
        assert SECRET not in json.dumps(line)

    def test_the_servers_own_complaints_are_silent(self, start):
        """The server of aiohttp logs bytes of requests, its access log raw targets: neither is written."""
        lines = start()
        logging.getLogger("aiohttp.server").error("Error handling request from 127.0.0.1")
        logging.getLogger("aiohttp.access").error("GET /v2/phone/call_logs?access_token=x")
        assert lines() == []

    def test_a_python_warning_is_a_line_too(self, start):
        """Warnings go where the events go, masked like them."""
        lines = start()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn(f"token={SECRET}", RuntimeWarning, stacklevel=1)
            logging.captureWarnings(False)
        (line,) = lines()
        assert (line["logger"], line["level"]) == ("py.warnings", "warning")
        assert line["text"].endswith("RuntimeWarning: token=[redacted]")

    def test_a_message_that_cannot_be_written_shows_nothing_of_itself(self, capsys, monkeypatch):
        """A line that the stream refuses becomes a fixed one, never the standard library's dump of its arguments."""
        ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        monkeypatch.setattr(sys, "stdout", ascii_only)
        logs.configure(format="console", level="info")
        structlog.get_logger().info("shim.started", place="Zürich")
        ascii_only.seek(0)
        assert json.loads(ascii_only.read()) == {"event": "log.event_lost", "level": "error"}
        assert capsys.readouterr().err == ""

    def test_a_closed_stream_stops_nobody(self, capsys, monkeypatch):
        """When nobody reads the logs any more the service goes on."""
        closed = io.StringIO()
        monkeypatch.setattr(sys, "stdout", closed)
        logs.configure(format="json", level="info")
        closed.close()
        structlog.get_logger().info("shim.started", access_token=SECRET)
        assert capsys.readouterr().err == ""


class TestRedaction:
    """The last processor before the renderer."""

    @pytest.mark.parametrize(("text", "secret"), RECOGNISED)
    def test_what_looks_like_a_credential_is_masked(self, text, secret):
        """Headers, parameters, JSON Web Tokens, Fernet tokens and keys are known by their looks."""
        assert secret in text
        assert (secret in masked(text), "[redacted]" in masked(text)) == (False, True)

    @pytest.mark.parametrize(
        "text",
        [
            "20260310-5ffb1a4c-2f0e-4e0a-9d2a-1b0f3ab1c001",
            "GET /v2/phone/call_logs",
            "monkeys",
            "no_answer",
            "a_name_in_words_without_any_figure_xxxxxxxx",
        ],
    )
    def test_ordinary_words_are_left_alone(self, text):
        """Ids, templates and words of the domain pass."""
        assert text == masked(text)

    @pytest.mark.parametrize(
        "name",
        ["authorization", "access_token", "client_secret", "key", "api-key", "SHIM_TOKEN_KEYS", "Cookie", "password"],
    )
    def test_a_value_under_a_secret_name_is_masked_however_it_looks(self, name):
        """The name alone is enough, also within a mapping."""
        event = redact_event(None, "info", {"event": "x.y", name: "open", "within": {name: ["open"]}})
        assert event == {"event": "x.y", name: "[redacted]", "within": {name: "[redacted]"}}

    def test_a_count_under_such_a_name_is_not_secret(self):
        """Numbers and switches pass, they are what one reads logs for; so do names that only resemble."""
        fields: dict[str, object] = {
            "event": "x.y",
            "token_calls": 2,
            "keys": None,
            "tokens": True,
            "monkey": "see",
            "keyboard": "qwerty",
        }
        assert fields == redact_event(None, "info", dict(fields))

    def test_only_plain_values_are_written(self):
        """An object is its class name, for its repr may tell too much; text-like ones are text."""

        class Colour(str, Enum):  # noqa: UP042 - an older kind of text enumeration, as libraries still have
            RED = "red"

        event = {
            "event": "x.y",
            "error": ValueError(SECRET),
            "secret_text": SecretStr(SECRET),
            "raw": SECRET.encode(),
            "nested": [(1, {"deep": [[[SECRET]]]})],
            "path": Path("state") / "shim.db",
            "colour": Colour.RED,
            "nan": float("nan"),
            "huge": 10**5000,
        }
        assert redact_event(None, "info", event) == {
            "event": "x.y",
            "error": "<ValueError>",
            "secret_text": "[redacted]",
            "raw": "<bytes>",
            "nested": [[1, {"deep": ["[cut]"]}]],
            "path": "state/shim.db",
            "colour": "red",
            "nan": "nan",
            "huge": "[cut]",
        }

    def test_the_event_itself_is_not_changed(self):
        """Redaction makes a new event; who logged keeps theirs."""
        event = {"event": "x.y", "access_token": SECRET}
        redact_event(None, "info", event)
        assert event["access_token"] == SECRET

    def test_what_matters_most_survives_a_cut(self):
        """Time, level, name and failure stay when the rest is too much."""
        event: dict[str, object] = {f"field_{number}": "é" * 900 for number in range(40)}
        event |= {"event": "x.y", "level": "error", "timestamp": "now", "failure": ["ValueError"], "frames": []}
        kept = redact_event(None, "error", event)
        assert ("x.y", "error", "now", ["ValueError"]) == tuple(
            kept[name] for name in ("event", "level", "timestamp", "failure")
        )
        assert len(json.dumps(kept)) <= LINE_LIMIT

    def test_half_a_secret_at_the_end_of_a_long_text_is_dropped(self):
        """A text cut for its length loses its last word: half a key is known by no pattern."""
        text = "x " * 2040 + FERNET_KEY
        assert (FERNET_KEY[:8] in text[:4096], FERNET_KEY[:8] in masked(text)) == (True, False)

    def test_a_very_long_word_costs_nothing(self):
        """A megabyte without a blank is cut, not searched."""
        assert masked("a" * 2**20) == "[cut]"

    def test_unprintable_characters_are_escaped(self):
        """Line ends, terminal codes, direction marks and broken surrogates become plain text."""
        assert one_line(HOSTILE) == "a\\nb\\r\\x1b[31m\\x00\\u2028\\u202e\\x9b\\ud800"

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        form=st.sampled_from(RECOGNISED),
        around=st.tuples(st.text(max_size=40), st.text(max_size=40)),
        name=st.text(min_size=1, max_size=20).filter(lambda name: name not in {"event", "level", "timestamp"}),
        wrap=st.sampled_from([str, lambda text: [text], lambda text: {"x": (text,)}, lambda text: {text: 1}]),
        format=st.sampled_from(["json", "console"]),
    )
    def test_no_planted_secret_comes_out(self, capsys, form, around, name, wrap, format):
        """Wherever a secret stands in an event and whatever stands round it, its line is one line without it."""
        text, secret = form
        logs.configure(format=format, level="info")
        planted = wrap(f"{around[0]} {text} {around[1]}")
        structlog.get_logger().info("x.y", **{name: planted}, access_token=planted)
        logging.getLogger("asyncio").error(f"{around[0].splitlines()[:1]} {text}")
        out = capsys.readouterr().out
        assert (secret in out, out.count("\n"), len(out.splitlines())) == (False, 2, 2)
        assert all(len(line) <= LINE_LIMIT for line in out.splitlines())

    @given(st.dictionaries(st.text(), st.recursive(st.text() | st.integers() | st.floats() | st.none(), st.lists)))
    def test_every_event_becomes_one_bounded_line_of_json(self, fields):
        """Whatever the fields, the line parses and holds at most 4 KiB."""
        line = json.dumps(redact_event(None, "info", {**fields, "event": "x.y"}), allow_nan=False)
        assert (json.loads(line)["event"], len(line) <= LINE_LIMIT, "\n" in line) == ("x.y", True, False)
