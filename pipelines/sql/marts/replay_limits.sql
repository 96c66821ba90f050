-- What this night could not know when it replays a past day: rows told as they are today.
select
    what,
    n,
    of_all
from core.replay_limits
