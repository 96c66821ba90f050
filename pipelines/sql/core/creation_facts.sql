-- Attributes of a deal's current row that its source sets when the deal is made: these alone may be
-- read as known from the start. Of any other the row tells what it is today.
select distinct
    source,
    attribute
from crm.creation_facts
