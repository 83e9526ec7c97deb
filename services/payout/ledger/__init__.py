"""The ledger of pay: journals, the hash chain, months that close, and the worker that books earnings."""
