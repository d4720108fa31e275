"""`check --online`: asks Zoom once for everything the service will ask for, and judges what came back."""
