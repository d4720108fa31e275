"""A Zoom to try things on: the demo, the tests and the benchmarks all ask this one server.

It knows how Zoom's call history and directory behave on the wire. It refuses to know the legacy API.
"""

from shim.standin.generator import demo_world, generate
from shim.standin.oauth import AppClient
from shim.standin.server import Call, Standin
from shim.standin.world import merged, subset

__all__ = ["AppClient", "Call", "Standin", "demo_world", "generate", "merged", "subset"]
