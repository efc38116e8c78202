"""What handlers find in the application."""

from collections import Counter

from aiohttp import web

from feed.clock import Clock
from feed.hub.audit import Audit
from feed.hub.history import History
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.leader import Leader
from feed.limits import Limits
from feed.web.api.document import Documents
from feed.web.auth import Admins
from feed.web.bell import Bells
from feed.web.connections import Connections
from feed.web.grant import Grants
from feed.web.limits import Buckets
from feed.web.origin import Origins
from feed.web.peer import Peers
from feed.web.pulse import Pulse
from feed.web.session import Sessions
from feed.web.trail import Trail

HUB = web.AppKey("hub", Hub)
HISTORY = web.AppKey("history", History)
INGEST = web.AppKey("ingest", Ingest)
AUDIT = web.AppKey("audit", Audit)
TRAIL = web.AppKey("trail", Trail)
LEADER = web.AppKey("leader", Leader)
LIMITS = web.AppKey("limits", Limits)
CLOCK = web.AppKey("clock", Clock)
CONNECTIONS = web.AppKey("connections", Connections)
BELLS = web.AppKey("bells", Bells)
ADMINS = web.AppKey("admins", Admins)
ADMIN_CALLS = web.AppKey("admin_calls", Buckets)
"""How many calls of an address are left."""
SESSIONS = web.AppKey("sessions", Sessions)
METRICS_READERS = web.AppKey("metrics_readers", Admins)
"""Who may read the metrics; all admins may."""
GRANTS = web.AppKey("grants", Grants)
ORIGINS = web.AppKey("origins", Origins)
PEERS = web.AppKey("peers", Peers)
ANSWERED = web.AppKey("answered", Counter[tuple[str, int]])
"""How many answers began, by the route as it is in the URL map and the status."""
PULSE = web.AppKey("pulse", Pulse)
DOCUMENTS = web.AppKey("documents", Documents)
INSTANCE = web.AppKey("instance", str)
COMPRESSES = web.AppKey("compresses", bool)
"""Whether WebSockets that offer permessage-deflate get it."""
