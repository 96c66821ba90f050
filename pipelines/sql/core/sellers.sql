-- The people who own deals, and the automata that act beside them.
select
    seller_id,
    name,
    team,
    is_active,
    source,
    is_automatic,
    email_domain
from crm.sellers
