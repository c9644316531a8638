"""What the grader and the sandbox send each other besides the worker's messages.

Over the control socket the fork server or a zygote says that it is READY, and the grader asks it to FORK a zygote. Over
the socket of a worker's handle the grader asks how long the worker had to wait for a processor (ASK, answered by
WAITED), or to INTERRUPT it; when the worker ends, its CPU time follows USED.
"""

READY, FORK = b"ready", b"fork"
ASK, WAITED, USED, INTERRUPT = b"?", "waited: ", ", CPU seconds ", b"i"
