"""The status as a person sees it: facts read with care, tables, the whole page."""
