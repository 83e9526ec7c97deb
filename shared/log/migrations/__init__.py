"""The tables of the event log, in the schema `log`."""
