"""The README's table of settings, made from the model so that it cannot go stale."""

from shim.settings.loading import ENV_FILE, extra
from shim.settings.model import Settings

_HEAD = ("| name | default | meaning |", "|---|---|---|")
_ENV_FILE_ROW = (
    f"| `{ENV_FILE}` | - | file of `NAME=value` lines with any of these names; the environment wins over it "
    "(`--env-file` names one too) |"
)


def settings_table() -> str:
    """A Markdown table: the variable (and the one that names a file with it), its default, what it means."""
    rows = []
    for field in Settings.model_fields.values():
        name, about = field.validation_alias, extra(field)
        names = f"`{name}`, `{name}_FILE`" if about["secret"] else f"`{name}`"
        shown = str(about["shown"])
        default = shown if shown == "-" or "`" in shown or about["secret"] else f"`{shown}`"
        rows.append(f"| {names} | {default} | {field.description} |")
    return "\n".join((*_HEAD, *rows, _ENV_FILE_ROW)) + "\n"
