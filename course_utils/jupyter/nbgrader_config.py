"""nbgrader's configuration for learners, who have none of their own: Validate waits longer, for slow machines."""

c = get_config()  # type: ignore[name-defined]  # noqa: F821  (nbgrader defines it)
# Seconds to wait for a cell, and for its output to arrive; by default, nbgrader shows a traceback after 4 seconds.
c.Execute.timeout = 120
c.Execute.iopub_timeout = 60
# Another kernel of the same name must not replace this environment's Python.
c.Execute.kernel_manager_class = "course_utils.kernels.OwnKernelManager"
