"""Where figures come from: one module a publisher, the archive, and the embedded edition."""
