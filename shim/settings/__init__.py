"""Everything an operator can choose, read once and never changed.

Knows names, defaults, bounds and remedies; refuses to know what the values are used for.
"""

from shim.settings.cautions import cautions
from shim.settings.files import NumberLocations, Rules
from shim.settings.keys import ClientKey
from shim.settings.loading import load_settings
from shim.settings.model import Settings
from shim.settings.problems import BadSettings, Problem
from shim.settings.table import settings_table

__all__ = [
    "BadSettings",
    "ClientKey",
    "NumberLocations",
    "Problem",
    "Rules",
    "Settings",
    "cautions",
    "load_settings",
    "settings_table",
]
