"""A delivered file as rows of text: one module a form (CSV, XLSX, Parquet, data package), none of which trusts it."""
