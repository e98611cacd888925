"""The `twistd heart` plugin."""

from twisted.application.service import ServiceMaker

heart = ServiceMaker(
    "Heart", "heart.node.twistd", "Keep a service alive on exactly one of a few machines", "heart"
)
