"""How is each service built, and what belongs to it beside its API? One module per service; `app.py` lists them."""
