"""The way back in time: successor calls out, old records reassembled."""
