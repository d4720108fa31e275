"""Who may ask and where other requests go, as the settings have it: what the main port needs beside the operations."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.ports import Credential
from adapters.sealing import Seal
from shim.callers import BearersPassedOn, Callers, KeyHolders
from shim.client_bearers import ClientBearers
from shim.client_keys import ClientKeys
from shim.failure_limit import FailureLimit
from shim.own_secrets import OwnSecrets
from shim.own_tokens import OwnTokens
from shim.pass_through import PassThrough
from shim.pass_through_modes import Passing, Shut, WithAppsCredential, WithCallersCredential
from shim.settings import Settings


@dataclass(frozen=True, slots=True)
class Entrance:
    """`own_tokens` is None where callers bring credentials of Zoom's."""

    callers: Callers
    own_tokens: OwnTokens | None
    passing: Passing


def entrance(
    settings: Settings,
    *,
    way: PassThrough,
    credential: Credential | None,
    token_keys: Sequence[str],
    now: Callable[[], datetime],
) -> Entrance:
    """The entrance for callers with their own bearers, or with client keys where there is a `credential` of ours."""
    if credential is None:
        return Entrance(BearersPassedOn(), None, _passing(settings, way))
    keys = ClientKeys(settings.client_keys)
    bearers = ClientBearers(Seal(token_keys), keys, now=now)
    holders, secrets = KeyHolders(keys, bearers), OwnSecrets(keys, bearers)
    failures = FailureLimit(clock=asyncio.get_running_loop().time)
    lending = WithAppsCredential(
        way=way, callers=holders, secrets=secrets, credential=credential, deadline=settings.deadline
    )
    tokens = OwnTokens(keys=keys, bearers=bearers, failures=failures)
    return Entrance(holders, tokens, _passing(settings, way, secrets, lending))


def _passing(
    settings: Settings, way: PassThrough, secrets: OwnSecrets | None = None, lending: Passing | None = None
) -> Passing:
    match settings.pass_through:
        case "caller":
            return WithCallersCredential(way, secrets)
        case "app" if lending is not None:
            return lending
    return Shut()
