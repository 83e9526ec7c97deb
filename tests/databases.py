"""Databases of the test session's server, one for each test."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from earnest.local.postgres import Postgres


@contextmanager
def fresh_database(server: Postgres, template: str = "template1") -> Iterator[str]:
    """The `postgresql://` URL of a new copy of a database, which goes when the block ends."""
    name = f"test_{random.Random().getrandbits(64):016x}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name} template {template}")
    yield server.url(name)
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")
