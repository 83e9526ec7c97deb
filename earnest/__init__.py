"""The front door: the command line, and the supervisor that runs everything on one machine."""
