//! Lost connections, restarts and farewells: what is tried again, how often, and what is not.
