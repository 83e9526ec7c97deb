"""The events on the road, one module per topic."""
