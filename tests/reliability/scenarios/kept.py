"""What a seed has found once, kept as a scenario of its own: the catalogue's number, the fault, what must hold."""

from tests.reliability.scenarios.scenario import Scenario

KEPT: tuple[Scenario, ...] = ()
