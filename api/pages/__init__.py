"""The pages, in the order they are mounted. They give commands through the functions of the JSON
routes, so both obey the same preconditions."""

from api.pages import (
    account,
    audit,
    catalogue,
    gpts,
    home,
    inbox,
    operations,
    people,
    policy,
    provider,
    publishers,
    purges,
    releases,
    reviews,
    stops,
    submissions,
    undelivered,
    webhooks,
)

PAGES = (
    home.router,
    provider.router,
    account.router,
    people.router,
    gpts.router,
    submissions.router,
    reviews.router,
    releases.router,
    publishers.router,
    purges.router,
    stops.router,
    operations.router,
    policy.router,
    catalogue.router,
    audit.router,
    inbox.router,
    undelivered.router,
    webhooks.router,
)
