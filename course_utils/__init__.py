"""Helpers for the notebooks of Descent: data, networks, landscapes, plots and checks."""
