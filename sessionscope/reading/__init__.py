"""Reading what responses show: read models, pages, ordering."""
