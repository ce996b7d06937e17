"""The HTTP edge, by audience first. A view is contract and one service call."""
