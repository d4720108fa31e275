"""`check --online` as an operator types it: real processes, their exit codes and what they say."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from shim.standin import Standin
from tests.shim.online_zoom import APP, APP_SETTINGS, BEARER, CHARGES_PATH, WELL, calls

PROJECT = Path(__file__).resolve().parents[2]


async def command(
    server: Standin, folder: Path, *arguments: str, environ: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """`python -m shim check` in a folder, with what stands on its standard input."""
    server.fail(CHARGES_PATH, status=200, body={"call_charges": []}, times=None)
    told = {"ZOOM_API_URL": server.api_url, "ZOOM_OAUTH_URL": server.oauth_url, **(environ or {})}
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "shim", "check", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(PROJECT), "HOME": str(folder), **told},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def zoom() -> Standin:
    """A Zoom whose one bearer is known, with calls of a month long gone by."""
    return Standin(calls(2, 4), bearers={BEARER: None})


@pytest.fixture
def lent(tmp_path):
    """A file with the token."""
    (tmp_path / "token").write_text(f"{BEARER}\n")
    return "token"


async def test_a_lent_token_is_checked_and_nowhere_shown(tmp_path, lent):
    """Exit 0: the settings first, then a line for each look-up; no log line in between, and no token."""
    async with zoom() as server:
        done = await command(server, tmp_path, "--online", "--bearer-file", lent)
    settings, *lines = done.stdout.splitlines()
    assert (0, "") == (done.returncode, done.stderr)
    assert settings.startswith("ok Settings(ZOOM_API_URL=")
    assert WELL[:3] == lines[:3]
    assert (False, len(WELL)) == (BEARER in done.stdout, len(lines))


async def test_standard_input_lends_a_token_too(tmp_path):
    """A dash is the standard input; a token that is refused is exit 1."""
    async with zoom() as server:
        done = await command(server, tmp_path, "--online", "--bearer-file", "-", stdin="expired-synthetic-token")
    assert (1, "") == (done.returncode, done.stderr)
    assert done.stdout.splitlines()[1:] == [
        "ok       Zoom's API",
        "failed   credential: Zoom says 401/124 Invalid access token; give a token that has not expired",
    ]


async def test_without_a_token_reachability_alone_is_proved(tmp_path):
    """Exit 0: nothing has failed."""
    async with zoom() as server:
        done = await command(server, tmp_path, "--online")
    assert (0, "ok       Zoom's API") == (done.returncode, done.stdout.splitlines()[1])


async def test_the_apps_token_leaves_no_trace(tmp_path):
    """Exit 0; neither the fetch nor the secret is told, and no state is made."""
    async with Standin(calls(2, 4), app=APP) as server:
        done = await command(server, tmp_path, "--online", environ=APP_SETTINGS)
    assert (0, "ok       the app's token") == (done.returncode, done.stdout.splitlines()[1])
    assert not [word for word in (APP.client_secret, "k" * 32, "credential.fetched") if word in done.stdout]
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (("--online",), {"SHIM_PORT": "http"}, "SHIM_PORT "),
        (("--bearer-file", "token"), {}, "--bearer-file is for --online"),
        (("--online", "--bearer-file", "absent"), {}, "No such file or directory"),
        (("--online", "--bearer-file", "-"), {}, "--bearer-file holds no bearer token"),
        (("--online", "--bearer-file", "token"), APP_SETTINGS, "with ZOOM_ACCOUNT_ID the app's is used"),
    ],
)
async def test_what_was_typed_or_set_wrong_is_exit_2(tmp_path, lent, arguments, environ, said):
    """Zoom is not asked."""
    async with zoom() as server:
        done = await command(server, tmp_path, *arguments, environ=environ)
        asked = len(server.calls)
    assert (2, 0, True) == (done.returncode, asked, said in done.stderr)


async def test_zoom_is_asked_for_online_alone(tmp_path):
    """A plain check stays offline."""
    async with zoom() as server:
        done = await command(server, tmp_path)
        asked = len(server.calls)
    assert (0, 0) == (done.returncode, asked)
