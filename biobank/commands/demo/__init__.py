"""The demonstration: a cohort that was lived through, all of it invented."""
