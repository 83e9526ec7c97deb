"""Servers on one machine: PostgreSQL and Kafka without an installation, and the supervisor of the services."""
