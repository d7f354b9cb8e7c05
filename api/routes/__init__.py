"""The JSON routes, in the order they are mounted."""

from api.routes import health, submissions

ROUTERS = (health.router, submissions.router)
