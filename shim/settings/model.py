"""The settings themselves: one field each, with its default, its meaning and its remedy.

Refuses to know where the values come from.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from cryptography.fernet import Fernet
from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, SecretStr, ValidationInfo, field_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shim.settings import files, texts


def _setting(
    name: str, default: object, meaning: str, *, remedy: str, secret: bool = False, shown: str | None = None
) -> Any:  # Any: each field below declares its own type
    """One setting: variable, default, meaning, what to do when it is wrong, how the default is written in the table.

    A secret may also come from the file that `<name>_FILE` names.
    """
    extra: JsonDict = {"remedy": remedy, "secret": secret, "shown": str(default) if shown is None else shown}
    return Field(default=default, validation_alias=name, description=meaning, json_schema_extra=extra)


def _from_file(read: Any, ready: type) -> BeforeValidator:
    return BeforeValidator(lambda value: value if isinstance(value, ready) else read(Path(value)))


def _split_keys(value: object) -> object:
    if not isinstance(value, str):
        return value
    keys = value.replace(",", " ").split()
    if not keys:
        raise ValueError("holds no key")
    return keys


def _fernet_keys(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key.get_secret_value())
        except ValueError:
            raise ValueError(f"has no Fernet key as its key no. {position}") from None
    return keys


_Port = Annotated[int, Field(ge=0, le=65535)]
_File = Annotated[Path, AfterValidator(files.readable)]
_Url = Annotated[str, AfterValidator(texts.web_address)]
_Choice = BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value)
_PORT_REMEDY = "give a whole number from 0 to 65535"
_URL_REMEDY = "give an http or https address with a host, and without credentials, query or fragment"
_KEYS_REMEDY = (
    "give keys separated by commas, each made by "
    "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)


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

    host: Annotated[str, AfterValidator(texts.host)] = _setting(
        "SHIM_HOST",
        "127.0.0.1",
        "address the service listens on; `0.0.0.0` or `::` for every interface (the image sets `0.0.0.0`)",
        remedy="give an IP address or a host name, without scheme, port or brackets",
    )
    port: _Port = _setting(
        "SHIM_PORT", 8080, "port for legacy clients; 0 takes a free one and logs it", remedy=_PORT_REMEDY
    )
    ops_port: _Port = _setting(
        "SHIM_OPS_PORT",
        8081,
        "port for `/healthz`, `/readyz` and `/metrics`; 0 is off (`/healthz` and `/readyz` are on the main port too)",
        remedy=f"{_PORT_REMEDY}, other than SHIM_PORT",
    )
    tls_cert: _File | None = _setting(
        "SHIM_TLS_CERT",
        None,
        "PEM file with the certificate chain; with `SHIM_TLS_KEY` the service speaks HTTPS",
        remedy="give a readable PEM file, together with SHIM_TLS_KEY",
        shown="-",
    )
    tls_key: _File | None = _setting(
        "SHIM_TLS_KEY",
        None,
        "PEM file with the private key of `SHIM_TLS_CERT`, not behind a pass phrase",
        remedy="give the readable PEM file of the certificate's own key, without pass phrase, or neither of the two",
        shown="-",
    )
    api_url: _Url = _setting(
        "ZOOM_API_URL",
        "https://api.zoom.us/v2",
        "Zoom's API: where call history is asked and other paths go (government and regional hosts too)",
        remedy=_URL_REMEDY,
    )
    oauth_url: _Url = _setting(
        "ZOOM_OAUTH_URL",
        "https://zoom.us/oauth/token",
        "Zoom's token endpoint; `/oauth/` paths go to its origin",
        remedy=_URL_REMEDY,
    )
    pass_through: Annotated[Literal["caller", "off"], _Choice] = _setting(
        "SHIM_PASS_THROUGH",
        "caller",
        "every other path: `caller` forwards it with the caller's own credential, `off` answers 403",
        remedy="give caller or off",
    )
    fidelity: Annotated[Literal["exact", "summary"], _Choice] = _setting(
        "SHIM_FIDELITY",
        "exact",
        "`exact` makes one detail call for each list row not yet cached (true id, duration, path, recording, owner); "
        "`summary` builds list rows from the summary alone",
        remedy="give exact or summary",
    )
    profile: Annotated[Literal["live", "docs"], _Choice] = _setting(
        "SHIM_PROFILE",
        "live",
        "`live` answers with the fields real v1 replies carried, `docs` with those of the guide's example only",
        remedy="give live or docs",
    )
    rules: Annotated[InstanceOf[files.Rules], _from_file(files.read_rules, files.Rules)] = _setting(
        "SHIM_RULES",
        files.Rules(),
        'TOML file of `rule id = "option"` lines, where a customer\'s archive contradicts a default',
        remedy="give a readable TOML file that holds documented rule ids and options only",
        shown="-",
    )
    number_locations: Annotated[
        InstanceOf[files.NumberLocations], _from_file(files.read_number_locations, files.NumberLocations)
    ] = _setting(
        "SHIM_NUMBER_LOCATIONS",
        files.NumberLocations(),
        "CSV file with the header `prefix,place` that fills `*_location`; without it the field is absent",
        remedy="give a readable CSV file with the header prefix,place and lines such as +1202,Washington",
        shown="-",
    )
    state_url: Annotated[str, AfterValidator(texts.state_address)] = _setting(
        "SHIM_STATE_URL",
        "sqlite:///./shim-state.db",
        "where served ids are remembered: `sqlite:///relative/path`, `sqlite:////absolute/path`, or `memory://` "
        "(forgotten when the process ends)",
        remedy="give sqlite:///relative/path, sqlite:////absolute/path or memory://",
    )
    token_keys: Annotated[tuple[SecretStr, ...], BeforeValidator(_split_keys), AfterValidator(_fernet_keys)] = _setting(
        "SHIM_TOKEN_KEYS",
        (),
        "Fernet keys that seal page tokens, separated by commas: the first seals, all open; replicas share them",
        remedy=_KEYS_REMEDY,
        secret=True,
        shown="one made at first start, kept in the state",
    )
    plan: Annotated[Literal["pro", "business"], _Choice] = _setting(
        "SHIM_PLAN",
        "business",
        "Zoom plan whose rate limits are budgeted: `pro` or `business`",
        remedy="give pro or business",
    )
    rate_share: Annotated[float, Field(gt=0, allow_inf_nan=False)] = _setting(
        "SHIM_RATE_SHARE",
        0.8,
        "share of the plan's rate limits this service may use; above 1 only against a stand-in",
        remedy="give a number above 0, usually below 1",
    )
    cache_mib: Annotated[int, Field(ge=1, le=65536)] = _setting(
        "SHIM_CACHE_MIB",
        32,
        "size of the cache of finished records, in MiB",
        remedy="give a whole number from 1 to 65536",
    )
    deadline: Annotated[float, Field(ge=1, le=60, allow_inf_nan=False)] = _setting(
        "SHIM_DEADLINE",
        12.0,
        "seconds within which every legacy request is answered (a widely used client gives up after 15)",
        remedy="give seconds from 1 to 60, decimals allowed",
        shown="12",
    )
    drain: Annotated[float, Field(ge=0, le=300, allow_inf_nan=False)] = _setting(
        "SHIM_DRAIN",
        5.0,
        "seconds between SIGTERM and the closing of the listener; requests in flight finish after that",
        remedy="give seconds from 0 to 300, decimals allowed",
        shown="5",
    )
    log_format: Annotated[Literal["json", "console"], _Choice] = _setting(
        "SHIM_LOG_FORMAT",
        "json",
        "`json`, one object a line, or `console` for people",
        remedy="give json or console",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _Choice] = _setting(
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

    @field_validator("ops_port")
    @classmethod
    def _ports_differ(cls, ops_port: int, info: ValidationInfo) -> int:
        if ops_port and ops_port == info.data.get("port"):
            raise ValueError("is SHIM_PORT too")
        return ops_port

    @field_validator("tls_key")
    @classmethod
    def _key_fits(cls, key: Path | None, info: ValidationInfo) -> Path | None:
        if "tls_cert" not in info.data:
            return key
        certificate = info.data["tls_cert"]
        if (key is None) != (certificate is None):
            raise ValueError("is missing beside SHIM_TLS_CERT" if key is None else "stands without SHIM_TLS_CERT")
        if key is not None:
            files.prove_chain(certificate, key)
        return key

    @property
    def state_path(self) -> Path | None:
        """The file of a SQLite state; None for one in memory."""
        scheme, _, path = self.state_url.partition(":///")
        return Path(path) if scheme == "sqlite" else None

    def __repr_args__(self) -> Any:  # Any: pydantic's own signature
        """Only what differs from its default, under the operator's names; secrets stay masked."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.default:
                yield str(field.validation_alias), value
