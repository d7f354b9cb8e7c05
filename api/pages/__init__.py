"""The pages, in the order they are mounted. They give commands through the functions of the JSON
routes, so both obey the same preconditions."""

from api.pages import catalogue, home, inbox, releases, reviews, submissions

PAGES = (
    home.router,
    submissions.router,
    reviews.router,
    releases.router,
    catalogue.router,
    inbox.router,
)
