"""The Parquet store: rows by dataset and UTC day, and what is known of each site-day."""
