"""nbgrader with its own Execute, in one process with the student's code: the peer that the engine is held against."""

STOCK = """
from nbgrader import preprocessors as nb

c.Autograde.sanitize_preprocessors = [
    nb.ClearOutput, nb.DeduplicateIds, nb.OverwriteKernelspec, nb.OverwriteCells, nb.CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    nb.Execute, nb.IgnorePattern, nb.LimitOutput, nb.SaveAutoGrades, nb.AssignLatePenalties, nb.CheckCellMetadata,
]
"""
