"""The demo: real flights and weather of 2013, landed day by day, with optional faults."""
