"""Tables compared with what the log gives."""
