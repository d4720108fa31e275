"""Finds the case that a mutant fails, if there is one.

Replies are compared with those of the unbroken translation, as bytes: a value of another type and a key in another
place are differences too. That the unbroken ones are what the cases promise is asked first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from contracts.cases import Case
from contracts.cases.worlds import Spoken
from contracts.codec import decode, encode
from contracts.compare import differences
from tests.mutants.altering import altered
from tests.mutants.mutant import Mutant
from tests.translation.replay import Heard, answer, heard

GENERATIONS: tuple[Spoken, ...] = ("v3", "v2", "both")


@dataclass(frozen=True, slots=True)
class _Witness:
    """A case made ready: what was heard, what is answered, and the words it holds."""

    story: Heard
    answers: tuple[bytes, ...]
    text: str


def _answers(story: Heard, case: Case) -> Iterator[bytes]:
    for exchange in case.exchanges:
        yield encode(answer(story, exchange))


def _fails(story: Heard, promised: tuple[bytes, ...]) -> bool:
    try:
        return any(ours != theirs for ours, theirs in zip(_answers(story, story.case), promised, strict=True))
    except Exception:  # noqa: BLE001 - a mutant may break in any way, and each is noticed
        return True


class Court:
    """Every case, read once, ready to speak against any number of mutants."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._witnesses = tuple(sorted(map(_witness, cases), key=lambda witness: len(witness.text)))

    @property
    def wrong_cases(self) -> list[str]:
        """The cases that are not answered as they promise though nothing is broken."""
        return [witness.story.case.id for witness in self._witnesses if not _is_right(witness)]

    def killer_of(self, mutant: Mutant) -> str | None:
        """The id of a case that `mutant` fails, likely ones first; None when every case is still right."""
        likely = sorted(self._witnesses, key=lambda witness: not any(hint in witness.text for hint in mutant.hints))
        with altered(mutant.changes):
            return next((witness.story.case.id for witness in likely if _kills(witness, mutant)), None)


def _witness(case: Case) -> _Witness:
    story = heard(case, "v3")
    told = encode([[case.world.call_history, case.world.records], [e.reply for e in case.exchanges]])
    return _Witness(story, tuple(_answers(story, case)), told.decode() + str(case.settings.rules))


def _is_right(witness: _Witness) -> bool:
    told = zip(witness.story.case.exchanges, witness.answers, strict=True)
    return not any(differences(exchange.reply, decode(answer)) for exchange, answer in told)


def _kills(witness: _Witness, mutant: Mutant) -> bool:
    if mutant.is_heard:
        return any(_is_heard_wrong(witness, generation) for generation in GENERATIONS)
    story = witness.story
    if mutant.options:
        story = replace(story, world=replace(story.world, options=replace(story.world.options, **mutant.options)))
    return _fails(story, witness.answers)


def _is_heard_wrong(witness: _Witness, generation: Spoken) -> bool:
    try:
        return _fails(heard(witness.story.case, generation), witness.answers)
    except Exception:  # noqa: BLE001 - a mutant may break in any way, and each is noticed
        return True
