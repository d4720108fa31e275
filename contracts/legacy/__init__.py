"""The retired shape, v1, as Zoom published and really sent it."""
