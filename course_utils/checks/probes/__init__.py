"""The probes of each lesson, one module a lesson."""
