-- What each source's export can and cannot answer.
select
    source,
    capability,
    value,
    detail
from core.capabilities
