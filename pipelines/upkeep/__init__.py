"""What keeps an installation sound over the years: backup, restore, and pruning by rule."""
