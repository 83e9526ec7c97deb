"""Sessions: from a sign-in until they are ended, idle for too long, or over."""
