"""What every setting is declared with: its words, and the types and remedies that several of them share."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.config import JsonDict

from shim.settings import files, texts

Port = Annotated[int, Field(ge=0, le=65535)]
File = Annotated[Path, AfterValidator(files.readable)]
Url = Annotated[str, AfterValidator(texts.web_address)]
Choice = BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value)
PORT_REMEDY = "give a whole number from 0 to 65535"
URL_REMEDY = "give an http or https address with a host, and without credentials, query or fragment"
APP_REMEDY = "give all three of ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET as Zoom shows them, or none"


def setting(
    name: str, default: object, meaning: str, *, remedy: str, secret: bool = False, shown: str | None = None
) -> Any:  # Any: each field declares its own type
    """One setting: variable, default, meaning, what to do when it is wrong, how the default is written in the table.

    A secret may also come from the file that `<name>_FILE` names.
    """
    extra: JsonDict = {"remedy": remedy, "secret": secret, "shown": str(default) if shown is None else shown}
    return Field(default=default, validation_alias=name, description=meaning, json_schema_extra=extra)


def from_file(read: Any, ready: type) -> BeforeValidator:
    """Has the file that a variable names read, and leaves a value made in code as it is."""
    return BeforeValidator(lambda value: value if isinstance(value, ready) else read(Path(value)))


def from_text(read: Any, ready: type) -> BeforeValidator:
    """Has a variable's text read, and leaves a value made in code as it is."""
    return BeforeValidator(lambda value: value if isinstance(value, ready) else read(str(value)))
