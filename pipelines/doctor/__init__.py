"""`ketenmonitor doctor`: what is well on a machine and what is missing, in words for who looks after it."""
