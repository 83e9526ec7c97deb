"""The ledger, periods, payout runs and payroll files."""
