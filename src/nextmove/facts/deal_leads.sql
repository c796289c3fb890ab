-- One row a deal that came from a lead: the lead that it names, else the oldest lead that names it.
-- needs: opportunities.created_at
-- keep: view
with candidates as (
    select deal.opportunity_id, lead.lead_id, lead.created_at as lead_created_at, lead.sql_at as qualified_at
    from main.opportunities as deal
    join main.leads as lead on lead.lead_id = deal.lead_id
    union all
    select deal.opportunity_id, lead.lead_id, lead.created_at, lead.sql_at
    from main.opportunities as deal
    join main.leads as lead on lead.opportunity_id = deal.opportunity_id
    where deal.lead_id is null
)
select opportunity_id, lead_id, lead_created_at, qualified_at
from (
    select candidates.*, row_number() over (partition by opportunity_id order by lead_created_at, lead_id) as place from candidates
) as placed
where place = 1
