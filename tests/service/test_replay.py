"""Every case over HTTP: a legacy program asks the running service, which asks a local server playing the upstream."""

import json
from pathlib import Path

import pytest

from contracts.cases import Case, load
from contracts.cases.worlds import Spoken
from contracts.compare import differences
from tests.service.running import service

CASES = [pytest.param(case, id=case.id) for case in load()]


def _settings(case: Case, folder: Path) -> dict[str, str]:
    rules, places = folder / "rules.toml", folder / "places.csv"
    rules.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in case.settings.rules.items()))
    lines = [f'{prefix},"{place}"' for prefix, place in case.settings.number_locations.items()]
    places.write_text("\n".join(["prefix,place", *lines, ""]))
    return {
        "SHIM_PROFILE": case.settings.profile,
        "SHIM_FIDELITY": case.settings.fidelity,
        "SHIM_RULES": str(rules),
        "SHIM_NUMBER_LOCATIONS": str(places),
    }


@pytest.mark.parametrize("generation", ["v3", "v2", "both"])
@pytest.mark.parametrize("case", CASES)
async def test_a_case_is_answered_over_http(case: Case, generation: Spoken, tmp_path: Path) -> None:
    """The running service gives the replies a case promises, in order, whatever generation the upstream speaks."""
    async with service(case.world, generation, settings=_settings(case, tmp_path)) as asking:
        answers = [await asking.get(exchange.request) for exchange in case.exchanges]
    expected: list[tuple[int, list[str]]] = [(exchange.status, []) for exchange in case.exchanges]
    seen = [
        (answer.status, differences(exchange.reply, answer.body))
        for exchange, answer in zip(case.exchanges, answers, strict=True)
    ]
    assert expected == seen
