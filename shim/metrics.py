"""Every metric this service exposes, declared: its name, what it counts, and the words each of its labels may take.

Names and units follow Prometheus' conventions. Label values come from closed sets: nothing of a request, an id or a
path is one. Refuses to know when anything is counted (`shim.telemetry`); `docs/metrics.md` is written from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram"]
_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of series; `labels` are the names of its labels, each with the words it may be."""

    name: str
    kind: Kind
    meaning: str
    labels: Mapping[str, str] = field(default_factory=lambda: _NO_LABELS)
    buckets: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if (self.kind == "counter") != self.name.endswith("_total"):
            raise TypeError(f"{self.name}: counters end in _total, and nothing else does")
        if (self.kind == "histogram") != bool(self.buckets):
            raise TypeError(f"{self.name}: a histogram has buckets, and nothing else does")


_OPERATION: Final = "an operation of the README's table, `passThrough`, `ownToken`, `probe`, `other`"
_STATUS: Final = "`2xx` to `5xx`, of which `401`, `403`, `404` and `429` stand apart; `none`: cut off or never answered"
_CATEGORY: Final = "Zoom's rate limit labels: `light`, `medium`, `heavy`"
_CALL: Final = "a kind of call this service makes, such as `call_history`, `call_record`, `users`, `token`"

REQUESTS: Final = Metric(
    "shim_requests_total",
    "counter",
    "Requests answered on the main port.",
    {"operation": _OPERATION, "status": _STATUS},
)
REQUEST_SECONDS: Final = Metric(
    "shim_request_seconds",
    "histogram",
    "Time from a request's head to its answer; with pass-through, to the end of the answer's body.",
    {"operation": _OPERATION},
    buckets=(0.01, 0.05, 0.25, 1, 2.5, 5, 10, 12.5, 30),
)
IN_FLIGHT: Final = Metric(
    "shim_requests_in_flight", "gauge", "Requests being worked on.", {"room": "`operations`, `passed`"}
)
CROWDED: Final = Metric(
    "shim_requests_crowded_total",
    "counter",
    "Requests refused at once because too many are being worked on.",
    {"room": "`operations`, `passed`", "limit": "`caller` (answered 429) or `all` (503)"},
)
CONNECTIONS: Final = Metric("shim_connections_open", "gauge", "Clients connected.", {"port": "`main`, `ops`"})
CONNECTIONS_REFUSED: Final = Metric(
    "shim_connections_refused_total",
    "counter",
    "Connections closed at once: there are too many.",
    {"port": "`main`, `ops`"},
)
REQUESTS_REFUSED: Final = Metric(
    "shim_requests_refused_total",
    "counter",
    "Requests refused for their framing, size or target before anything was done for them.",
    {"port": "`main`, `ops`"},
)
UPSTREAM_CALLS: Final = Metric(
    "shim_upstream_calls_total", "counter", "Attempts that went out to Zoom.", {"call": _CALL, "status": _STATUS}
)
UPSTREAM_SECONDS: Final = Metric(
    "shim_upstream_call_seconds",
    "histogram",
    "Time an attempt took, whatever its end.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
UPSTREAM_REPEATS: Final = Metric(
    "shim_upstream_repeats_total",
    "counter",
    "Failed attempts worth another one.",
    {"outcome": "`made`: it went out again; `spent`: the stock of repeats was used up"},
)
HELD_BACK: Final = Metric(
    "shim_upstream_held_back_total", "counter", "Calls not sent at all because too few of the others succeed."
)
JOINED: Final = Metric(
    "shim_upstream_joined_total",
    "counter",
    "Calls not sent because the same one of the same credential was under way or had just been answered.",
)
AHEAD: Final = Metric(
    "shim_fetched_ahead_total",
    "counter",
    "Pages fetched before they are asked for.",
    {"outcome": "`begun`; `used`: the client then asked for it"},
)
LIMITS_MET: Final = Metric(
    "shim_upstream_limits_met_total",
    "counter",
    "429s of Zoom's, each of which holds a lane of the rate budget.",
    {"category": _CATEGORY, "window": "`second`, `day`"},
)
TURN_SECONDS: Final = Metric(
    "shim_budget_wait_seconds",
    "histogram",
    "Time calls waited for their turn of the rate budget.",
    {"category": _CATEGORY},
    buckets=(0.001, 0.05, 0.25, 1, 5),
)
NO_TURNS: Final = Metric(
    "shim_budget_refusals_total",
    "counter",
    "Calls not sent for want of a turn.",
    {"category": _CATEGORY, "reason": "`slow`: it would have come too late; `held`: a 429 keeps the lane back"},
)
PAGES: Final = Metric(
    "shim_pages_total",
    "counter",
    "Pages of call logs served.",
    {"kind": "`whole`; `short`: ended early by a limit, an outage or the deadline; `empty`"},
)
ROWS: Final = Metric("shim_rows_total", "counter", "Rows of call logs served.")
ROWS_FROM_SUMMARY: Final = Metric(
    "shim_rows_from_summary_total",
    "counter",
    "Rows told without their detail in exact fidelity.",
    {"reason": "`missing`, `scope`, `failed`"},
)
RECORDS: Final = Metric(
    "shim_cache_lookups_total", "counter", "Finished records looked up.", {"result": "`hit`, `miss`"}
)
CACHE_BYTES: Final = Metric("shim_cache_bytes", "gauge", "Size of the cache of finished records, roughly.")
SEARCHES: Final = Metric(
    "shim_searches_total",
    "counter",
    "Searches for a call whose id was never served.",
    {"outcome": "`found`, `missing`, `unfinished`: the client is asked to come again, `failed`"},
)
IDS_LEFT_OUT: Final = Metric(
    "shim_ids_left_out_total",
    "counter",
    "Answers made without the object ids of a directory that Zoom refused.",
    {"directory": "Zoom's name of it, such as `users`, `call_queues`"},
)
WALKS_CUT_OFF: Final = Metric(
    "shim_walks_cut_off_total", "counter", "Walks that ended in an error because Zoom's pages went in a circle."
)
CHARGES_LEFT_OUT: Final = Metric(
    "shim_charges_left_out_total", "counter", "Answers made without charges that were wanted."
)
UNKNOWN: Final = Metric(
    "shim_unknown_total",
    "counter",
    "Keys and words of Zoom's that nobody declared.",
    {"shape": "a shape of the successor's, such as `history`, `element`"},
)
CREDENTIAL_HELD: Final = Metric(
    "shim_credential_held", "gauge", "1 while the app's token is there, 0 while it is not; absent without an app."
)
STATE_TROUBLE: Final = Metric("shim_state_trouble", "gauge", "1 while the state cannot be used, else 0.")
IDENTITIES_WAITING: Final = Metric(
    "shim_identities_waiting", "gauge", "Calls whose ids wait in memory for a state that cannot be written."
)
REPLICAS: Final = Metric(
    "shim_replicas", "gauge", "Replicas that share the state, this one too, as it last told; absent without Redis."
)
TASKS: Final = Metric("shim_tasks", "gauge", "Tasks of the event loop: what is under way, and what goes on beside it.")
LOOP_LAG: Final = Metric(
    "shim_loop_lag_seconds",
    "histogram",
    "How much later than asked the event loop came back to a task that slept for 10 ms.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.12, 0.25, 1),
)
BUILD: Final = Metric(
    "shim_build_info",
    "gauge",
    "Always 1; its labels are what runs.",
    {"version": "this service's", "fidelity": "`exact`, `summary`", "profile": "`live`, `docs`"},
)

METRICS: Final = (
    REQUESTS,
    REQUEST_SECONDS,
    IN_FLIGHT,
    CROWDED,
    CONNECTIONS,
    CONNECTIONS_REFUSED,
    REQUESTS_REFUSED,
    UPSTREAM_CALLS,
    UPSTREAM_SECONDS,
    UPSTREAM_REPEATS,
    HELD_BACK,
    JOINED,
    AHEAD,
    LIMITS_MET,
    TURN_SECONDS,
    NO_TURNS,
    PAGES,
    ROWS,
    ROWS_FROM_SUMMARY,
    RECORDS,
    CACHE_BYTES,
    SEARCHES,
    IDS_LEFT_OUT,
    WALKS_CUT_OFF,
    CHARGES_LEFT_OUT,
    UNKNOWN,
    CREDENTIAL_HELD,
    STATE_TROUBLE,
    IDENTITIES_WAITING,
    REPLICAS,
    TASKS,
    LOOP_LAG,
    BUILD,
)
"""In the order of the document."""

if len(METRICS) != len({metric.name for metric in METRICS}):
    raise TypeError("two metrics have one name")
