"""The retired operations this service answers, one file each, and the one table they stand in."""
