"""The processes that compute for the page: supervised, replaceable, and spoken to in plain bytes.

The web process never decodes a visitor's image and never imports Jittor. It owns two workers:
`reading` opens images and describes them (light, quick), `fusing` owns the network. A worker that
dies or hangs costs its visitor one sentence and everybody else a few seconds.
"""

from demo.worker.job import Job, JobEvent
from demo.worker.supervisor import Supervisor

__all__ = ["Job", "JobEvent", "Supervisor"]
