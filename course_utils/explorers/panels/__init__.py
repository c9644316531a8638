"""The explorers themselves, one module each."""
