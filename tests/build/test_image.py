"""The image's recipe, proved without an engine: read as text, and its build stage carried out in an empty folder."""

import json
import os
import re
import signal
import socket
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build import recipe

BUILDER, IMAGE = recipe.stages((recipe.PROJECT / "Dockerfile").read_text())
PROJECT = tomllib.loads((recipe.PROJECT / "pyproject.toml").read_text())["project"]
PACKAGES = ("shim", "adapters", "contracts")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> recipe.Built:
    """The build stage's outcome, once for all tests: it installs the whole lock."""
    return recipe.build(BUILDER, tmp_path_factory.mktemp("image"))


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def variables(built: recipe.Built, tmp_path: Path) -> dict[str, str]:
    """The image's environment and nothing of ours, with its state in a fresh folder and its ports free ones."""
    image = recipe.environment(IMAGE)
    path = built.here(image.pop("PATH")).replace("$PATH", os.environ["PATH"])
    state = {"SHIM_STATE_URL": f"sqlite:///{tmp_path}/state.db"}
    return {**image, **state, "PATH": path, "SHIM_PORT": str(free_port()), "SHIM_OPS_PORT": "0", "SHIM_DRAIN": "0"}


@pytest.fixture
def serving(variables: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The image's own entry point and command, running."""
    [entry], [command] = recipe.rests(IMAGE, "ENTRYPOINT"), recipe.rests(IMAGE, "CMD")
    with subprocess.Popen(
        [*json.loads(entry), *json.loads(command)],
        cwd=tmp_path,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.kill()


def run(command: list[str], variables: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """One command of the image, to its end."""
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=30, check=False)


def last_words(process: subprocess.Popen[str]) -> str:
    """What a process had said when it was killed."""
    process.kill()
    return process.communicate()[0]


def healthy(variables: dict[str, str], cwd: Path) -> bool:
    """Whether the image's own health check says yes, asked until it does and at most forty times."""
    [check] = recipe.rests(IMAGE, "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    return any(run(command, variables, cwd).returncode == 0 for _ in range(40))


def test_only_the_locks_are_installed_from_an_index() -> None:
    """Every install step either checks hashes of a lock or may not ask an index at all."""
    steps = [step for run in recipe.rests(BUILDER, "RUN") for step in run.split(" && ") if " install " in step]
    assert [] == [step for step in steps if "--require-hashes" not in step and "--no-index" not in step]
    assert {"requirements.lock", "requirements-build.lock"} == set(re.findall(r"--requirement (\S+)", " ".join(steps)))


def test_the_build_may_read_what_it_copies() -> None:
    """What the recipe copies is let in by .dockerignore, and nothing else is."""
    lines = (recipe.PROJECT / ".dockerignore").read_text().splitlines()
    copied = {source for rest in recipe.rests(BUILDER, "COPY") for source in rest.split()[:-1]}
    assert "*" in lines
    assert copied == {line.removeprefix("!") for line in lines if line.startswith("!")}


def test_the_environment_keeps_its_place() -> None:
    """The runtime stage copies the environment to the path it was made at: its scripts name that path."""
    assert ["--from=builder /opt/shim /opt/shim"] == recipe.rests(IMAGE, "COPY")
    assert recipe.environment(IMAGE)["PATH"].startswith("/opt/shim/bin:")


def test_the_service_owns_its_state_and_nothing_else() -> None:
    """The process runs as 65532, who owns the one folder that is written to: a volume, and where it starts."""
    made = "install --directory --owner=65532 --group=65532 --mode=0700 /var/lib/shim"
    assert ["65532:65532"] == recipe.rests(IMAGE, "USER")
    assert made in " && ".join(recipe.rests(IMAGE, "RUN"))
    assert ["/var/lib/shim"] == recipe.rests(IMAGE, "VOLUME") == recipe.rests(IMAGE, "WORKDIR")
    assert "sqlite:////var/lib/shim/state.db" == recipe.environment(IMAGE)["SHIM_STATE_URL"]


def test_the_container_listens_and_stops_as_promised() -> None:
    """Both ports are named, every interface is listened on, and SIGTERM reaches the program itself."""
    assert ["8080 8081"] == recipe.rests(IMAGE, "EXPOSE")
    assert "0.0.0.0" == recipe.environment(IMAGE)["SHIM_HOST"]
    assert ["SIGTERM"] == recipe.rests(IMAGE, "STOPSIGNAL")
    assert ['["zoom-call-log-shim"]'] == recipe.rests(IMAGE, "ENTRYPOINT")


def test_the_label_tells_the_version() -> None:
    """The image's version label is the project's version."""
    [labels] = recipe.rests(IMAGE, "LABEL")
    assert f'version="{PROJECT["version"]}"' in labels
    assert f'description="{PROJECT["description"]}"' in labels


def test_no_installer_is_left(built: recipe.Built) -> None:
    """Neither pip nor a build tool stands in the runtime environment, and the image's own Python loses its pip."""
    packages = built.path("/opt/shim") / recipe.site_packages()
    assert [] == [name for name in ("pip", "setuptools", "wheel") if (packages / name).exists()]
    assert [] == list(built.path("/opt/shim/bin").glob("pip*"))
    assert any("/usr/local/bin/python3 -m pip uninstall --yes pip" in run for run in recipe.rests(IMAGE, "RUN"))


def test_the_locks_versions_are_installed(built: recipe.Built) -> None:
    """Each distribution of the environment is the lock's, at the lock's version, besides the project itself."""
    lock = (recipe.PROJECT / "requirements.lock").read_text()
    locked = {
        name.replace("-", "_") + "-" + version for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.M)
    }
    packages = built.path("/opt/shim") / recipe.site_packages()
    found = {path.stem.lower() for path in packages.glob("*.dist-info")}
    assert {f"zoom_call_log_shim-{PROJECT['version']}"} == found - locked


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_the_packages_is_shipped(built: recipe.Built, package: str) -> None:
    """Tables, cases and type markers arrive with the code."""
    packages = built.path("/opt/shim") / recipe.site_packages()
    assert [] == [str(path) for path in recipe.shipped(package) if not (packages / path).is_file()]


def test_the_default_settings_pass_the_check(built: recipe.Built, variables: dict[str, str], tmp_path: Path) -> None:
    """The image as it is needs no setting to start."""
    checked = run(["zoom-call-log-shim", "check"], variables, tmp_path)
    assert 0 == checked.returncode, checked.stdout + checked.stderr


def test_it_serves_and_ends_in_good_order(
    serving: subprocess.Popen[str], variables: dict[str, str], built: recipe.Built, tmp_path: Path
) -> None:
    """The service becomes healthy by its own check, and SIGTERM ends it with 0."""
    before = built.files("/opt/shim")
    assert healthy(variables, tmp_path), last_words(serving)
    serving.send_signal(signal.SIGTERM)
    said, _ = serving.communicate(timeout=30)
    assert 0 == serving.returncode, said
    assert before == built.files("/opt/shim"), "the environment was written to: it may be read-only"
    assert (tmp_path / "state.db").is_file()
