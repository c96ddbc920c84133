"""The front door: verbs that look at the project, and build nothing.

Each script imports the one module that it needs, so that starting a verb stays cheap: nothing is
gathered here.
"""

__all__: list[str] = []
