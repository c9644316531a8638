"""How the judging side and the worker talk: messages, values, calls. All that comes from a worker is checked here."""
