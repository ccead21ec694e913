"""The data and the story of the demo (``manage.py seed_demo``). Nothing here is used by the product itself."""
