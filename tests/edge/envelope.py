"""The judge of the legacy envelope: what the wire must show when this service answers by itself."""

import json

from tests.edge.raw import Message


def assert_envelope(status: int, phrase: str, reply: Message) -> None:
    """The code and the standard phrase of `status` as JSON, under no banner."""
    assert status == reply.status
    assert {"code": status, "message": phrase} == json.loads(reply.body)
    assert [b"application/json;charset=UTF-8"] == reply.all(b"content-type")
    assert [] == reply.all(b"server")
