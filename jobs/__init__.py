"""When things happen: the jobs, one file each, and the engine that runs them.

A job says what is to be done, when, over which window and after what, in a few lines around one call into
the library. ``jobs.registry`` has them all, in the order data pass through them. The engine
(``jobs.engine``) works every window off once, whatever the number of schedulers and however they end, and
writes down what came of it.
"""
