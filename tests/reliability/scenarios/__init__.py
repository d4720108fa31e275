"""Every fault of upstream as a line of data; `ALL` holds them in the order of the catalogue."""

from collections import Counter

from tests.reliability.scenarios.broken import BROKEN
from tests.reliability.scenarios.credentials import CREDENTIALS
from tests.reliability.scenarios.impatient import IMPATIENT
from tests.reliability.scenarios.kept import KEPT
from tests.reliability.scenarios.left_walks import LEFT
from tests.reliability.scenarios.limits import LIMITS
from tests.reliability.scenarios.names import NAMES
from tests.reliability.scenarios.outages import OUTAGES
from tests.reliability.scenarios.passed_on import PASSED_ON
from tests.reliability.scenarios.scenario import Scenario
from tests.reliability.scenarios.waits import WAITS

ALL: tuple[Scenario, ...] = (
    *LIMITS,
    *OUTAGES,
    *WAITS,
    *NAMES,
    *BROKEN,
    *PASSED_ON,
    *CREDENTIALS,
    *IMPATIENT,
    *LEFT,
    *KEPT,
)

_TWICE = [name for name, times in Counter(each.name for each in ALL).items() if times > 1]
if _TWICE:
    raise AssertionError(f"scenarios of the same name: {_TWICE}")
