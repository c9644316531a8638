"""The explorers, one module each."""
