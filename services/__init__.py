"""The services of Earnest; each owns one Postgres schema and imports only `shared`."""
