-- One row a deal that came from a lead: the lead that it names, else the oldest lead that names it.
-- needs: opportunities.created_at
-- keep: view
select opportunity_id, lead_id, lead_created_at, qualified_at
from (
    select
        deal.opportunity_id, lead.lead_id, lead.created_at as lead_created_at, lead.sql_at as qualified_at,
        row_number() over (
            partition by deal.opportunity_id
            order by case when lead.lead_id = deal.lead_id then 0 else 1 end, lead.created_at, lead.lead_id
        ) as place
    from main.opportunities as deal
    join main.leads as lead on lead.lead_id = deal.lead_id or (deal.lead_id is null and lead.opportunity_id = deal.opportunity_id)
) as candidates
where place = 1
