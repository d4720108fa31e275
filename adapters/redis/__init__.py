"""What replicas share through one Redis or Valkey: rate windows, the app's token, finished records.

Nothing of it is imported unless `SHIM_STATE_URL` names a Redis; remembered ids are in `adapters.state.redis`.
"""
