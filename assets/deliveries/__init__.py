"""What the chain tables hand in: taken in, audited, answered with a receipt, and added up under disclosure control."""
