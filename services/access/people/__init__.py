"""People and systems, the roles that they hold, and which duties conflict."""
