"""The settings themselves: one field each, with its default, its meaning and its remedy.

Refuses to know where the values come from.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shim.settings import files, keys, texts, together
from shim.settings.fields import (
    APP_REMEDY,
    PORT_REMEDY,
    URL_REMEDY,
    Choice,
    File,
    Port,
    Url,
    from_file,
    from_text,
    setting,
)
from shim.settings.state_address import StateAddress


class Settings(BaseSettings):
    """What this process was told; frozen, valid, and silent about secrets and about what was left as it is."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    host: Annotated[str, AfterValidator(texts.host)] = setting(
        "SHIM_HOST",
        "127.0.0.1",
        "address the service listens on; `0.0.0.0` or `::` for every interface (the image sets `0.0.0.0`)",
        remedy="give an IP address or a host name, without scheme, port or brackets",
    )
    port: Port = setting(
        "SHIM_PORT", 8080, "port for legacy clients; 0 takes a free one and logs it", remedy=PORT_REMEDY
    )
    ops_port: Annotated[Port, AfterValidator(together.ports_differ)] = setting(
        "SHIM_OPS_PORT",
        8081,
        "port for `/healthz`, `/readyz`, `/metrics` and the contract at `/docs`; 0 is off (the probes are on the main "
        "port too)",
        remedy=f"{PORT_REMEDY}, other than SHIM_PORT",
    )
    tls_cert: File | None = setting(
        "SHIM_TLS_CERT",
        None,
        "PEM file with the certificate chain; with `SHIM_TLS_KEY` the service speaks HTTPS",
        remedy="give a readable PEM file, together with SHIM_TLS_KEY",
        shown="-",
    )
    tls_key: Annotated[File | None, AfterValidator(together.key_fits)] = setting(
        "SHIM_TLS_KEY",
        None,
        "PEM file with the private key of `SHIM_TLS_CERT`, not behind a pass phrase",
        remedy="give the readable PEM file of the certificate's own key, without pass phrase, or neither of the two",
        shown="-",
    )
    api_url: Url = setting(
        "ZOOM_API_URL",
        "https://api.zoom.us/v2",
        "Zoom's API: where call history is asked and other paths go (government and regional hosts too)",
        remedy=URL_REMEDY,
    )
    oauth_url: Url = setting(
        "ZOOM_OAUTH_URL",
        "https://zoom.us/oauth/token",
        "Zoom's token endpoint; `/oauth/` paths go to its origin",
        remedy=URL_REMEDY,
    )
    zoom_account_id: Annotated[str, AfterValidator(texts.identifier)] | None = setting(
        "ZOOM_ACCOUNT_ID",
        None,
        "account of a server-to-server OAuth app, whose credentials all calls are then made with; without one, each "
        "caller's own bearer token is passed on",
        remedy=APP_REMEDY,
        shown="-",
    )
    zoom_client_id: Annotated[
        Annotated[str, AfterValidator(texts.identifier)] | None, AfterValidator(together.app_is_whole)
    ] = setting("ZOOM_CLIENT_ID", None, "client id of that app, not a secret", remedy=APP_REMEDY, shown="-")
    zoom_client_secret: Annotated[
        Annotated[SecretStr, AfterValidator(keys.app_secret)] | None, AfterValidator(together.app_is_whole)
    ] = setting("ZOOM_CLIENT_SECRET", None, "client secret of that app", remedy=APP_REMEDY, secret=True, shown="-")
    client_keys: Annotated[
        tuple[keys.ClientKey, ...],
        BeforeValidator(keys.split_client_keys),
        AfterValidator(together.keys_belong_to_app),
    ] = setting(
        "SHIM_CLIENT_KEYS",
        (),
        "`name:key` entries separated by commas: who may call a server-to-server service. A client presents its key as "
        "bearer or trades it at the service's own `/oauth/token`; a name may stand twice while its key is changed",
        remedy=keys.CLIENT_REMEDY,
        secret=True,
        shown="-",
    )
    pass_through: Annotated[
        Literal["caller", "app", "off"],
        Choice,
        BeforeValidator(together.passes_by_default),
        AfterValidator(together.app_is_there_to_lend),
    ] = setting(
        "SHIM_PASS_THROUGH",
        None,
        "every other path: `caller` forwards it with the caller's own credential (never a client key), `app` lends "
        "every caller the app's credentials, `off` answers 403",
        remedy="give caller or off, or app beside ZOOM_ACCOUNT_ID",
        shown="`caller`; with server-to-server `off`",
    )
    fidelity: Annotated[Literal["exact", "summary"], Choice] = setting(
        "SHIM_FIDELITY",
        "exact",
        "`exact` makes one detail call for each list row not yet cached (true id, duration, path, recording, owner); "
        "`summary` builds list rows from the summary alone",
        remedy="give exact or summary",
    )
    profile: Annotated[Literal["live", "docs"], Choice] = setting(
        "SHIM_PROFILE",
        "live",
        "`live` answers with the fields real v1 replies carried, `docs` with those of the guide's example only",
        remedy="give live or docs",
    )
    rules: Annotated[InstanceOf[files.Rules], from_file(files.read_rules, files.Rules)] = setting(
        "SHIM_RULES",
        files.Rules(),
        'TOML file of `rule id = "option"` lines, where a customer\'s archive contradicts a default',
        remedy="give a readable TOML file that holds documented rule ids and options only",
        shown="-",
    )
    number_locations: Annotated[
        InstanceOf[files.NumberLocations], from_text(files.number_locations, files.NumberLocations)
    ] = setting(
        "SHIM_NUMBER_LOCATIONS",
        files.NumberLocations(),
        "fills `*_location`: a CSV file with the header `prefix,place`, or `builtin`, the places libphonenumber knows "
        "number ranges by (takes 100 MiB of memory; a file of that name is `./builtin`); without it the "
        "field is absent",
        remedy="give builtin, or a readable CSV file with the header prefix,place and lines such as +1202,Washington",
        shown="-",
    )
    state_url: Annotated[InstanceOf[StateAddress], from_text(StateAddress.of, StateAddress)] = setting(
        "SHIM_STATE_URL",
        StateAddress.of("sqlite:///./shim-state.db"),
        "where served ids are remembered: `sqlite:///relative/path`, `sqlite:////absolute/path`, `memory://` "
        "(forgotten when the process ends), or a Redis or Valkey, `redis://user:password@host:6379/0` (`rediss://` "
        "with TLS), by which replicas also share rate limits, the app's token and finished records",
        remedy="give sqlite:///relative/path, sqlite:////absolute/path, memory:// or redis://host:port/number; user "
        "and password percent-encoded before the host",
        secret=True,
        shown="`sqlite:///./shim-state.db`",
    )
    token_keys: keys.TokenKeys = setting(
        "SHIM_TOKEN_KEYS",
        (),
        "Fernet keys that seal page tokens and traded bearers, separated by commas: the first seals, all open; "
        "replicas share them",
        remedy=keys.FERNET_REMEDY,
        secret=True,
        shown="one made at first start, kept in the state",
    )
    plan: Annotated[Literal["pro", "business"], Choice] = setting(
        "SHIM_PLAN",
        "business",
        "Zoom plan whose rate limits are budgeted: `pro` or `business`",
        remedy="give pro or business",
    )
    rate_share: Annotated[float, Field(gt=0, allow_inf_nan=False)] = setting(
        "SHIM_RATE_SHARE",
        0.8,
        "share of the plan's rate limits this service may use; above 1 only against a stand-in",
        remedy="give a number above 0, usually below 1",
    )
    charges: Annotated[Literal["off", "on"], Choice] = setting(
        "SHIM_CHARGES",
        "off",
        "`on`: `charge`, `rate` and `call_type` of every row from the charges report (a heavy call for each 100 "
        "calls); `charged_call_logs` works either way",
        remedy="give off or on",
    )
    cache_mib: Annotated[int, Field(ge=1, le=65536)] = setting(
        "SHIM_CACHE_MIB",
        32,
        "size of the cache of finished records, in MiB",
        remedy="give a whole number from 1 to 65536",
    )
    deadline: Annotated[float, Field(ge=1, le=60, allow_inf_nan=False)] = setting(
        "SHIM_DEADLINE",
        12.0,
        "seconds within which every legacy request is answered (a widely used client gives up after 15)",
        remedy="give seconds from 1 to 60, decimals allowed",
        shown="12",
    )
    drain: Annotated[float, Field(ge=0, le=300, allow_inf_nan=False)] = setting(
        "SHIM_DRAIN",
        5.0,
        "seconds between SIGTERM and the closing of the listener; requests in flight finish after that",
        remedy="give seconds from 0 to 300, decimals allowed",
        shown="5",
    )
    log_format: Annotated[Literal["json", "console"], Choice] = setting(
        "SHIM_LOG_FORMAT",
        "json",
        "`json`, one object a line, or `console` for people",
        remedy="give json or console",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Choice] = setting(
        "SHIM_LOG_LEVEL",
        "info",
        "least important events that are logged: `debug`, `info`, `warning` or `error`",
        remedy="give debug, info, warning or error",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the constructor is given: `load_settings` reads what it is handed, never the process's own."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def is_app(self) -> bool:
        """Whether calls are made with an app's credentials of this service's own (server-to-server OAuth)."""
        return self.zoom_account_id is not None

    @property
    def lends_app(self) -> bool:
        """Whether other paths go to Zoom with the app's credentials, whichever client asks."""
        return self.pass_through == "app"  # noqa: S105 - a choice, no password

    @property
    def state_path(self) -> Path | None:
        """The file of a SQLite state; None for any other."""
        return self.state_url.path

    def __repr_args__(self) -> Any:  # Any: pydantic's own signature
        """Only what differs from its default, under the operator's names; secrets stay masked."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name in self.model_fields_set and value != field.default:
                yield str(field.validation_alias), value
