"""A plan version on rows: figures of participants, what measures have come to, what components then pay."""
