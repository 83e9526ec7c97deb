"""Contract costs (ASC 340-40, IFRS 15) as a pure calculation: lines and events in, assets and schedules out."""
