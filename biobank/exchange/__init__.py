"""Files in and out: collections from a CSV file, lists as CSV files and spreadsheets."""
