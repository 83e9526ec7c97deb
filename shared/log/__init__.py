"""The event log behind one port: PostgreSQL (embedded) and Kafka, and the worker loop over it."""
