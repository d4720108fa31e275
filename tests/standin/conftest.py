"""What every test of the stand-in needs: a made-up world, a stand-in that plays it, and a client."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from contracts.cases import World
from shim.standin import Standin, generate
from tests.standin.asking import NOON, Client, Clock


@pytest.fixture(scope="session")
def world() -> World:
    """Some seven hundred calls of the days before noon."""
    return generate(7, 700, newest=NOON)


@pytest.fixture
def clock() -> Clock:
    """The stand-in's clock."""
    return Clock()


@pytest.fixture
async def zoom(world: World, clock: Clock) -> AsyncIterator[Standin]:
    """A running stand-in that accepts every bearer."""
    async with Standin(world, clock=clock) as running:
        yield running


@pytest.fixture
async def client_of() -> AsyncIterator[Callable[..., Client]]:
    """Makes a client of a stand-in; the bearer matters only where bearers are given."""
    async with aiohttp.ClientSession() as session:
        yield lambda zoom, bearer="token": Client(session, zoom, bearer)


@pytest.fixture
def client(client_of: Callable[..., Client], zoom: Standin) -> Client:
    """A client of the running stand-in."""
    return client_of(zoom)
