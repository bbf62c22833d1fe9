"""The database: tables, sessions, column types and migrations."""

from syntrust_gateway.db import auth_tables as auth_tables  # so that the metadata has its tables
