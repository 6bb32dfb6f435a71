"""The requests and responses of force_sync as JSON, one module a subject. OpenAPI is made from them."""
