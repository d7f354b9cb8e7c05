"""The JSON routes, in the order they are mounted."""

from api.routes import (
    catalogue,
    commands,
    events,
    evidence,
    health,
    inbox,
    listings,
    members,
    people,
    policy,
    problems,
    publishers,
    releases,
    reviews,
    stops,
    submissions,
)

ROUTERS = (
    health.router,
    submissions.router,
    evidence.router,
    reviews.router,
    releases.router,
    listings.router,
    stops.router,
    catalogue.router,
    commands.router,
    events.router,
    policy.router,
    people.router,
    inbox.router,
    publishers.router,
    members.router,
    problems.router,
)
