"""The command line: `serve`, `demo`, `check`, `health`.

Knows exit codes and what is said to people; refuses to know how anything is done. What only one command needs is
imported there, so that `check` and `health` start fast. Messages go to standard error, results and logs to standard
output.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

import click
import structlog

from shim.health_probe import ask_health
from shim.redaction import one_line
from shim.settings import BadSettings, Settings, cautions, load_settings

_env_file = click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    help="File of NAME=value lines with settings; the environment wins. SHIM_ENV_FILE names one too.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zoom-call-log-shim", message="%(package)s %(version)s")
def main() -> None:
    """Serve the retired Zoom Phone call log API from Zoom's call history."""


@main.command()
@_env_file
def serve(env_file: Path | None) -> None:
    """Run the proxy until SIGTERM or Ctrl-C."""
    settings = _settings_or_exit(env_file, status=2)

    from shim import logs, serving  # noqa: PLC0415 - only this command serves

    logs.configure(format=settings.log_format, level=settings.log_level)
    try:
        status = _finish(lambda: serving.serve(settings))
    except Exception:  # noqa: BLE001 - the last stop: Python's own traceback would print texts that no log may hold
        structlog.get_logger().critical("shim.crashed", exc_info=True)
        status = 1
    raise SystemExit(status)


@main.command()
@click.option("--once", is_flag=True, help="Print the example and exit.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="a free one", help="Port of the shim.")
def demo(once: bool, port: int) -> None:  # noqa: FBT001 - click calls by keyword
    """Show the worked example against an embedded stand-in for Zoom, then serve it until Ctrl-C."""
    from shim import demo as example  # noqa: PLC0415 - the stand-in is no part of the other commands

    try:
        raise SystemExit(_finish(lambda: example.demo(once=once, port=port)))
    except KeyboardInterrupt:
        raise SystemExit(0) from None


@main.command()
@_env_file
@click.option("--online", is_flag=True, help="Ask Zoom too: credential, scopes, unrecorded calls, cost.")
@click.option(
    "--bearer-file",
    type=click.File("rb"),
    metavar="PATH",
    help="File with a caller's token to ask Zoom with; - is standard input. Only with --online.",
)
def check(env_file: Path | None, online: bool, bearer_file: BinaryIO | None) -> None:  # noqa: FBT001 - as above
    """Validate all settings; exit 0 when they can be used, 2 otherwise, 1 when Zoom says no."""
    if bearer_file is not None and not online:
        raise click.UsageError("--bearer-file is for --online")
    settings = _settings_or_exit(env_file, status=2)
    click.echo(f"ok {settings!r}")
    for caution in cautions(settings):
        _say(f"warning: {caution}")
    if online:
        raise SystemExit(_check_online(settings, bearer_file))


@main.command()
@_env_file
def health(env_file: Path | None) -> None:
    """Ask the running service whether it is alive; exit 0 or 1."""
    settings = _settings_or_exit(env_file, status=1)
    if settings.port == 0:
        _say("SHIM_PORT is 0: the port that was taken is not known here; set one")
        raise SystemExit(1)
    seen = ask_health(settings.host, settings.port, tls=settings.tls_cert is not None)
    _say(f"{'well' if seen.well else 'not well'}: {seen.seen}")
    raise SystemExit(0 if seen.well else 1)


def _settings_or_exit(env_file: Path | None, *, status: int) -> Settings:
    try:
        return load_settings(os.environ, env_file=env_file)
    except BadSettings as bad:
        for problem in bad.problems:
            _say(str(problem))
        raise SystemExit(status) from None


def _check_online(settings: Settings, bearer_file: BinaryIO | None) -> int:
    from shim import logs  # noqa: PLC0415 - all of Zoom's client is behind these three
    from shim.online.bearer import read_bearer  # noqa: PLC0415
    from shim.online.report import report  # noqa: PLC0415

    if bearer_file is not None and settings.is_app:
        raise click.UsageError("--bearer-file is for callers' own tokens: with ZOOM_ACCOUNT_ID the app's is used")
    try:
        bearer = read_bearer(bearer_file) if bearer_file is not None else None
    except ValueError as error:
        raise click.UsageError(f"--bearer-file {error}") from None
    logs.configure(format="console", level="critical")  # what fails is told in the lines
    found = asyncio.run(report(settings, bearer=bearer))
    for line in found.lines:
        click.echo(line)
    return 0 if found.is_well else 1


def _finish(start: Callable[[], Awaitable[int]]) -> int:
    async def whole() -> int:
        return await start()

    return asyncio.run(whole())


def _say(text: str) -> None:
    click.echo(one_line(text), err=True)
