"""Control messages between the grader and the sandbox, apart from the RPC messages with a worker.

On the control socket, the fork server or a zygote reports READY, and the grader requests a zygote from the fork server
(FORK). On the socket of a worker's handle, the grader asks how long the worker waited for a processor (ASK, answered
with WAITED), or interrupts it (INTERRUPT). When the worker ends, the zygote sends its exit status, and its CPU time
after USED.
"""

READY, FORK = b"ready", b"fork"
ASK, WAITED, USED, INTERRUPT = b"?", "waited: ", ", CPU seconds ", b"i"
