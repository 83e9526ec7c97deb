"""Reference data: the roster and the plan versions by which deals are credited and participants are paid."""
