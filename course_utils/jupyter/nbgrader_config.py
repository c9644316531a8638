"""Where a learner has no course folder, nbgrader finds this one: Validate has patience with a slow machine."""

c = get_config()  # type: ignore[name-defined]  # noqa: F821  (nbgrader defines it)
# Seconds: for a cell, and for what it printed to arrive, where nbgrader waits 4 and then shows a traceback.
c.Execute.timeout = 120
c.Execute.iopub_timeout = 60
# Another kernel of the same name must not take the place of this environment's Python.
c.Execute.kernel_manager_class = "course_utils.kernels.OwnKernelManager"
