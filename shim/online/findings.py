"""What the answers mean for the operator: what is well, what is missing, what to do. Pure: asks nobody.

No text of upstream is kept but the code and message of Zoom's own envelope, cut and without what looks like a secret.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from adapters.errors import OwnCredentialFailed, ShimError, UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.page_end import SCOPE_MISSING
from contracts.successor.reading import Unreadable, read_page
from shim.online.lookups import CALLS, CHARGES, LOOKUPS, LookUp
from shim.online.seen import DAYS, Answer, Seen, Totals
from shim.redaction import masked, one_line
from shim.settings import Settings

_API: Final = "Zoom's API"
_APP: Final = "the app's token"
_NO_PHONE: Final = frozenset({2013, 2031})
_LONGEST_MESSAGE: Final = 200
_WAY: Final = "check {setting}, HTTPS_PROXY and what filters this machine's connections"
_STRANGER: Final = "check {setting} and HTTPS_PROXY: what answers there is not Zoom"
_NOT_ZOOM: Final = _STRANGER.format(setting="ZOOM_API_URL")
_REMEDIES: Final = MappingProxyType(
    {
        "host not found": "check the host in {setting} and this machine's name service",
        "not reached": _WAY,
        "connection failed": _WAY,
        "silent": _WAY,
        "not in time": _WAY,
        "deadline passed": _WAY,
        "proxy not reached": "check HTTPS_PROXY, or name the host of {setting} in NO_PROXY",
        "refused by the proxy": "have the proxy of HTTPS_PROXY let the host of {setting} through",
        "certificate not trusted": "name the authority that signs for {setting} here in SSL_CERT_FILE",
        "no TLS": "check scheme and port of {setting}, and whether something between speaks TLS itself",
        "malformed": _STRANGER,
        "cut short": _STRANGER,
        "no token": _STRANGER,
        "unwanted answer": _STRANGER,
        "invalid_client": "check ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET",
        "invalid_request": "check ZOOM_ACCOUNT_ID, and that the app is activated",
        "unauthorized_client": "check that the app is a server-to-server one and activated",
        "unsupported_grant_type": "check that the app is a server-to-server one and activated",
        "throttled": "try again later",
        "unavailable": "try again later",
    }
)
"""What to do about a call that brought no answer, by the word our own error carries."""


class Standing(StrEnum):
    """How a finding stands."""

    OK = "ok"
    MISSING = "missing"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` says what to do. A failed one keeps the service from its job."""

    standing: Standing
    subject: str
    seen: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        told = "; ".join(filter(None, (self.seen, self.remedy)))
        return f"{self.standing:<8} {self.subject}" + (f": {told}" if told else "")


def findings(seen: Seen, settings: Settings) -> Iterator[Finding]:
    """Everything that was looked at with a credential, in the order of `LOOKUPS`; ends where nothing more was asked."""
    gate = list(_gate(seen.answers[CALLS.name]))
    yield from gate
    if any(finding.standing is Standing.FAILED for finding in gate):
        return
    for lookup in LOOKUPS:
        if lookup.name in seen.answers:
            yield _of_lookup(lookup, seen, settings)
    if seen.answers[CALLS.name].body is not None:
        yield _of_unrecorded(seen.totals, settings)


def finding_of_app(failure: ShimError | None) -> Finding:
    """Whether Zoom gives the app of the settings a token."""
    if failure is None:
        return Finding(Standing.OK, _APP)
    remedy = _remedy(str(failure), "ZOOM_OAUTH_URL", other="check the app's three settings, and that it is activated")
    return Finding(Standing.FAILED, _APP, str(failure), remedy)


def finding_without_credential(answer: Answer) -> Finding:
    """What a call with a made-up bearer shows: Zoom refuses it in its own words, whatever else answers does not."""
    failure = answer.failure
    if failure is None:
        return Finding(Standing.FAILED, _API, "a bearer nobody gave out is accepted", _NOT_ZOOM)
    if not isinstance(failure, UpstreamRefused):
        return _unreached(failure)
    if failure.is_of_credential and failure.code is not None:
        return Finding(Standing.OK, _API)
    told = f"a bearer nobody gave out gets {_answered(failure)}"
    return Finding(Standing.FAILED, _API, told, _about(failure, other=_NOT_ZOOM))


def _gate(answer: Answer) -> Iterator[Finding]:
    """Whether Zoom answers, and whether it takes the credential."""
    failure = answer.failure
    if answer.body is not None and not _is_list(answer.body):
        yield Finding(Standing.FAILED, _API, "answers with no list of calls", _NOT_ZOOM)
        return
    if isinstance(failure, UpstreamBroken | UpstreamSlow) or (
        isinstance(failure, UpstreamRefused) and failure.code is None
    ):
        yield _unreached(failure)
        return
    yield Finding(Standing.OK, _API)
    if isinstance(failure, OwnCredentialFailed):
        remedy = "check that ZOOM_OAUTH_URL and ZOOM_API_URL are of the same Zoom"
        yield Finding(Standing.FAILED, "credential", f"the app's token: {failure}", remedy)
    elif isinstance(failure, UpstreamRefused) and failure.is_of_credential:
        yield Finding(Standing.FAILED, "credential", _answered(failure), "give a token that has not expired")
    else:
        yield Finding(Standing.OK, "credential")


def _is_list(body: Mapping[str, Any]) -> bool:
    try:
        return bool(read_page(body))
    except Unreadable:
        return False


def _unreached(failure: ShimError) -> Finding:
    if isinstance(failure, UpstreamRefused):
        return Finding(Standing.FAILED, _API, _answered(failure), _about(failure, other=_NOT_ZOOM))
    return Finding(Standing.FAILED, _API, str(failure), _remedy(str(failure), "ZOOM_API_URL", other=_NOT_ZOOM))


def _remedy(word: str, setting: str, *, other: str) -> str:
    return _REMEDIES.get(word, other).format(setting=setting)


def _of_lookup(lookup: LookUp, seen: Seen, settings: Settings) -> Finding:
    answer = seen.answers[lookup.name]
    subject = lookup.subject + (_when_charged(settings) if lookup is CHARGES else "")
    match answer.failure:
        case None if answer.body is not None:
            return Finding(Standing.OK, subject)
        case None if seen.granted is None:
            return Finding(Standing.UNKNOWN, subject, "nothing to try it on")
        case None if lookup.is_granted_by(seen.granted or frozenset()):
            return Finding(Standing.OK, subject, "granted; nothing to try it on")
        case None:
            return _missing(lookup, subject)
        case UpstreamRefused(status=status, code=code) as refused if status == 403 or code == SCOPE_MISSING:
            return _missing(lookup, subject, said=_answered(refused))
        case UpstreamRefused() as refused:
            told, again = _answered(refused), _about(refused, other="look that code up in Zoom's documentation")
        case failure:
            told, again = str(failure), "try again"
    return Finding(Standing.FAILED if lookup.is_needed else Standing.UNKNOWN, subject, told, again)


def _missing(lookup: LookUp, subject: str, *, said: str = "") -> Finding:
    standing = Standing.FAILED if lookup.is_needed else Standing.MISSING
    told = lookup.without + (f" ({said})" if said else "")
    return Finding(standing, subject, told, f"add the scope {lookup.scope}")


def _when_charged(settings: Settings) -> str:
    asked = "for every row, SHIM_CHARGES is on" if settings.charges == "on" else "only for charged_call_logs=true"
    return f" (asked {asked})"


def _of_unrecorded(totals: Totals, settings: Settings) -> Finding:
    """Whether a plain list has the calls nobody recorded; Zoom's default there is documented one way and seen another.

    Source: semantics 6.1 (`recording_status`).
    """
    subject = "unrecorded calls"
    asks_twice = settings.rules.options.recording_status == "both"
    if totals.plain is None or totals.both is None:
        return Finding(Standing.UNKNOWN, subject, "Zoom did not tell its totals", "compare a day with an old archive")
    if not totals.most:
        return Finding(Standing.UNKNOWN, subject, f"no call in {DAYS} days", "check again after some calls")
    told = f"{totals.plain:,} listed, {totals.recorded:,} recorded and {totals.unrecorded:,} not"
    if totals.plain < totals.both and not asks_twice:
        return Finding(
            Standing.MISSING, subject, told, 'write recording_status = "both" into the file SHIM_RULES names'
        )
    if totals.plain > totals.both and asks_twice:
        return Finding(Standing.MISSING, subject, told, "remove recording_status from the file SHIM_RULES names")
    needless = totals.plain == totals.both and asks_twice
    return Finding(Standing.OK, subject, told, "recording_status in SHIM_RULES may go: it doubles calls" * needless)


def _about(refused: UpstreamRefused, *, other: str) -> str:
    if refused.code in _NO_PHONE:
        return "have Zoom Phone enabled for the account"
    return "try again later" if refused.status == 429 or refused.status >= 500 else other


def _answered(refused: UpstreamRefused) -> str:
    """Zoom's no in one short line: its status, and code and message when it sent its envelope."""
    if refused.code is None:
        return f"answered {refused.status} without Zoom's envelope"
    message = one_line(masked(refused.message)).rstrip(". ")
    cut = message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + "..."
    return f"Zoom says {refused.status}/{refused.code} {cut}".rstrip()
