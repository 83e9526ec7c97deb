"""Plan versions that do harm are quarantined, and everybody else is credited and paid."""
