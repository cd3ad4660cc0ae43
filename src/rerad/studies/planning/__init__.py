"""What a run will cost, before it runs: its job graph, stored costs, and an estimate from both."""
