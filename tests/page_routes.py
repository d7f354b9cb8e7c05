"""The pages of the application, as tests of every page go through them."""

from fastapi.routing import APIRoute

from api.pages import PAGES

# Parts of pages that are fetched by them, and downloads. Those have tests of their own.
PARTS = (
    "/live",
    "/audit/export",
    "/launches/understood",
)
ROUTES = sorted(
    {
        route.path
        for router in PAGES
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
        if not route.path.endswith(PARTS)
    }
)
