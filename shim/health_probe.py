"""Asks a running service on this host whether it is alive; knows `/healthz` and nothing else of it."""

import http.client
import ssl
from dataclasses import dataclass
from typing import Final

LIMIT_SECONDS: Final = 2.0
_SAME_HOST: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to be replaced, not bound


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the service answered well, and what was seen, in a few fixed words."""

    well: bool
    seen: str


def ask_health(host: str, port: int, *, tls: bool, limit: float = LIMIT_SECONDS) -> Health:
    """What `/healthz` says, after at most `limit` seconds of silence; never raises for a service that is not there."""
    address = _SAME_HOST.get(host, host)
    connection = _https(address, port, limit) if tls else http.client.HTTPConnection(address, port, timeout=limit)
    try:
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        status = connection.getresponse().status
    except TimeoutError:
        return Health(well=False, seen="no answer in time")
    except OSError:
        return Health(well=False, seen="no connection")
    except http.client.HTTPException:
        return Health(well=False, seen="no HTTP answer")
    finally:
        connection.close()
    return Health(well=status == http.HTTPStatus.OK, seen=f"status {status}")


def _https(address: str, port: int, limit: float) -> http.client.HTTPSConnection:
    # The certificate is made out to the name that clients use, while the probe asks this host's own address; it sends
    # nothing secret and believes nothing but "alive".
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(address, port, timeout=limit, context=trusting)
