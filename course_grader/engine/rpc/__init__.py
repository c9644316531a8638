"""RPC between referee and worker: messages, values and calls. Everything that a worker sends is checked here."""
