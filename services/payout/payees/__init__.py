"""Payees: under which names and ids people are paid, each as a second person has confirmed it."""
