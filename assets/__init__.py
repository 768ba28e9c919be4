"""What is made: the Dagster assets, and the computation behind them."""
