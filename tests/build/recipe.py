"""The Dockerfile as a list of instructions, and its first stage carried out below a folder instead of in an image.

Knows just enough of the format for this project's own file: no heredocs, no build arguments, no shell form of COPY.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]

_IN_IMAGE = re.compile(r"(?<![\w./$])/(?=opt\b|src\b|var\b)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word, and the rest as written with its lines joined."""

    word: str
    rest: str


def stages(dockerfile: str) -> list[list[Instruction]]:
    """The instructions of each stage, `FROM` first."""
    lines = [line for line in dockerfile.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    instructions = [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line]
    starts = [at for at, found in enumerate(instructions) if found.word == "FROM"]
    return [instructions[start:end] for start, end in zip(starts, [*starts[1:], len(instructions)], strict=True)]


def rests(stage: Sequence[Instruction], word: str) -> list[str]:
    """What follows each `word` of the stage."""
    return [found.rest for found in stage if found.word == word]


def environment(stage: Sequence[Instruction]) -> dict[str, str]:
    """The variables a stage sets."""
    return dict(pair.split("=", 1) for rest in rests(stage, "ENV") for pair in shlex.split(rest))


@dataclass(frozen=True, slots=True)
class Built:
    """What a stage left behind: the folder that stands for `/`."""

    root: Path

    def path(self, in_image: str) -> Path:
        """Where a path of the image is found here."""
        return Path(self.here(in_image))

    def here(self, text: str) -> str:
        """The text with the image's own absolute paths moved below the root."""
        return _IN_IMAGE.sub(f"{self.root}/", text)

    def files(self, in_image: str) -> list[Path]:
        """Every file below a folder of the image, as seen from that folder."""
        top = self.path(in_image)
        return sorted(path.relative_to(top) for path in top.rglob("*") if path.is_file())


def build(stage: Sequence[Instruction], root: Path) -> Built:
    """Carries out WORKDIR, COPY and RUN in order, with an environment below `root` as the machine's own Python."""
    machine = root / "usr"
    venv.create(machine, with_pip=True)
    built = Built(root)
    # pip's cache is the machine's business here: a test run need not fetch what the last one fetched.
    recipe = {name: value for name, value in environment(stage).items() if name != "PIP_NO_CACHE_DIR"}
    variables = {**os.environ, **recipe, "PATH": f"{machine / 'bin'}:{os.environ['PATH']}"}
    workdir = root
    for found in stage:
        match found.word:
            case "WORKDIR":
                workdir = built.path(found.rest)
                workdir.mkdir(parents=True, exist_ok=True)
            case "COPY":
                _copy(shlex.split(found.rest), workdir)
            case "RUN":
                _run(built.here(found.rest), workdir, variables)
    return built


def _copy(words: Sequence[str], workdir: Path) -> None:
    *sources, target = words
    for source in sources:
        if (PROJECT / source).is_dir():
            shutil.copytree(PROJECT / source, workdir / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / source, workdir / target)


def _run(command: str, workdir: Path, variables: Mapping[str, str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=workdir, env=dict(variables), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(f"{command}\n{done.stdout}{done.stderr}")


def shipped(folder: str) -> Iterator[Path]:
    """The files of one of the project's packages, as seen from the project."""
    for path in (PROJECT / folder).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(PROJECT)


def site_packages() -> str:
    """Where an environment of this Python keeps its packages, as seen from the environment."""
    return f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
