"""Pay from files alone: deals, roster and plans are read, computed by the kernel, and written as files again."""
