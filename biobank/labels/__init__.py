"""Labels: sheets and rolls that scan back."""
